"""Calls Parlor through Dapr's Python SDK, as a user's program does, and prints one JSON document a call.

It knows where Parlor is from the environment alone: DAPR_HTTP_PORT and DAPR_GRPC_PORT.
"""

import json

# readme
from dapr.clients import DaprClient
from dapr.clients.grpc.conversation import ConversationInput
# /readme
from dapr.clients.exceptions import DaprGrpcError
from dapr.clients.grpc.conversation import (
    ConversationInputAlpha2,
    ConversationMessage,
    ConversationMessageContent,
    ConversationMessageOfAssistant,
    ConversationMessageOfDeveloper,
    ConversationMessageOfSystem,
    ConversationMessageOfTool,
    ConversationMessageOfUser,
    ConversationToolCalls,
    ConversationToolCallsOfFunction,
    ConversationTools,
    ConversationToolsFunction,
)
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct
from google.protobuf.wrappers_pb2 import StringValue

METADATA = {'model': 'modelname', 'key': 'authKey', 'cacheTTL': '10m'}
WEATHER = ConversationTools(
    function=ConversationToolsFunction(
        name='get_weather',
        description='The weather of a city',
        parameters={
            'type': 'object',
            'properties': {'unit': {'type': 'string', 'enum': ['C', 'F']}, 'city': {'type': 'string'}},
            'required': ['city'],
        },
    )
)
TIME = ConversationTools(
    function=ConversationToolsFunction(
        name='get_time', parameters={'type': 'object', 'properties': {'zone': {'type': 'string'}}}
    )
)


def hello():
    # readme
    with DaprClient() as dapr:
        prompt = ConversationInput(content='hello world', role='user', scrub_pii=True)
        answer = dapr.converse_alpha1(name='echo', inputs=[prompt], context_id='chat-123', temperature=0.7)
        print(f'conversation output: {answer.outputs[0].result}')
    # /readme


def text(words):
    return [ConversationMessageContent(text=words)]


def user(words):
    return ConversationMessage(of_user=ConversationMessageOfUser(content=text(words)))


def asked(words, **more):
    return [ConversationInputAlpha2(messages=[user(words)], **more)]


def string(packed):
    value = StringValue()
    packed.Unpack(value)
    return value.value


def shown_alpha1(response):
    outputs = [
        {'result': output.result, 'parameters': {name: string(value) for name, value in output.parameters.items()}}
        for output in response.outputs
    ]
    return {'contextId': response.context_id, 'outputs': outputs}


def shown_choice(choice):
    calls = [
        {'id': call.id, 'name': call.function.name, 'arguments': call.function.arguments}
        for call in choice.message.tool_calls
    ]
    return {
        'index': choice.index,
        'finishReason': choice.finish_reason,
        'content': choice.message.content,
        'toolCalls': calls,
    }


def shown_alpha2(response):
    outputs = [
        {
            'choices': [shown_choice(choice) for choice in output.choices],
            'model': output.model or '',
            'usage': {
                'completionTokens': output.usage.completion_tokens,
                'promptTokens': output.usage.prompt_tokens,
                'totalTokens': output.usage.total_tokens,
            },
        }
        for output in response.outputs
    ]
    return {'contextId': response.context_id, 'outputs': outputs}


def report(call, converse, shown, **request):
    try:
        document = {'call': call, 'answer': shown(converse(**request))}
    except DaprGrpcError as error:
        document = {'call': call, 'error': {'code': error.code().name, 'message': error.details()}}
    print(json.dumps(document))


def alpha1(dapr):
    def call(name, inputs, component='echo', **more):
        report(name, dapr.converse_alpha1, shown_alpha1, name=component, inputs=inputs, **more)

    hello_world = [ConversationInput(content='hello world', role='user', scrub_pii=True)]
    call('alpha1', hello_world, context_id='chat-123', metadata=METADATA, scrub_pii=True, temperature=0.7)
    call('alpha1 inputs', [ConversationInput('be brief', 'system'), ConversationInput('hello world', 'user')])
    call(
        'alpha1 scrubbed',
        [
            ConversationInput('input this abcd@gmail.com'),
            ConversationInput('input this +12341567890', scrub_pii=True),
        ],
    )
    call('alpha1 parameters', [ConversationInput('hello world')], parameters={'style': 'brief'})
    call('alpha1 unknown component', [ConversationInput('hello world')], component='nobody')
    call('alpha1 no inputs', [])


def every_message():
    function = ConversationToolCallsOfFunction(name='get_weather', arguments='{"city":"Rome"}')
    calls = [ConversationToolCalls(id='call-1', function=function)]
    return [
        ConversationMessage(of_developer=ConversationMessageOfDeveloper(name='dev', content=text('be exact'))),
        ConversationMessage(of_system=ConversationMessageOfSystem(name='sys', content=text('be brief'))),
        ConversationMessage(of_user=ConversationMessageOfUser(name='ann', content=text('how warm is it?'))),
        ConversationMessage(
            of_assistant=ConversationMessageOfAssistant(name='bot', content=text('looking'), tool_calls=calls)
        ),
        ConversationMessage(
            of_tool=ConversationMessageOfTool(tool_id='call-1', name='get_weather', content=text('21 degrees'))
        ),
    ]


def alpha2(dapr):
    def call(name, inputs, component='echo', **more):
        report(name, dapr.converse_alpha2, shown_alpha2, name=component, inputs=inputs, **more)

    schema = Struct()
    schema.update({'type': 'object', 'properties': {'answer': {'type': 'string'}}, 'required': ['answer']})
    call(
        'alpha2',
        asked('hello world', scrub_pii=True),
        context_id='chat-123',
        parameters={'max_tokens': 100, 'style': 'brief'},
        metadata=METADATA,
        scrub_pii=True,
        temperature=0.7,
        response_format=schema,
        prompt_cache_retention=Duration(seconds=86400),
    )
    call('alpha2 messages', [ConversationInputAlpha2(messages=every_message())])
    call('alpha2 tools', asked('how warm is it?'), tools=[WEATHER, TIME], tool_choice='auto')
    call('alpha2 tool choice', asked('how warm is it?'), tools=[WEATHER], tool_choice='get_weather')
    call(
        'alpha2 scrubbed',
        asked('input this abcd@gmail.com') + asked('input this +12341567890', scrub_pii=True),
    )
    call('alpha2 unknown component', asked('hello world'), component='nobody')
    call('alpha2 no inputs', [])
    call('alpha2 unknown tool', asked('hello world'), tools=[WEATHER], tool_choice='get_money')


if __name__ == '__main__':
    hello()
    with DaprClient() as client:
        alpha1(client)
        alpha2(client)
