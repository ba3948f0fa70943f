// The calls by alpha2.

package main

import (
	"context"
	"log"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

type (
	message  = dapr.ConversationMessageAlpha2
	messages = []*dapr.ConversationInputAlpha2
)

func text(words string) []*dapr.ConversationMessageContentAlpha2 {
	return []*dapr.ConversationMessageContentAlpha2{{Text: &words}}
}

func asked(words string) *dapr.ConversationInputAlpha2 {
	user := &dapr.ConversationMessageOfUserAlpha2{Content: text(words)}
	return &dapr.ConversationInputAlpha2{Messages: []*message{{ConversationMessageOfUser: user}}}
}

func schema(fields map[string]any) *structpb.Struct {
	made, err := structpb.NewStruct(fields)
	if err != nil {
		log.Fatal(err)
	}
	return made
}

func tools() (weather, clock *dapr.ConversationToolsAlpha2) {
	properties := map[string]any{
		"unit": map[string]any{"type": "string", "enum": []any{"C", "F"}},
		"city": map[string]any{"type": "string"},
	}
	weather = &dapr.ConversationToolsAlpha2{
		Name:        "get_weather",
		Description: to("The weather of a city"),
		Parameters:  schema(map[string]any{"type": "object", "properties": properties, "required": []any{"city"}}),
	}
	zone := map[string]any{"zone": map[string]any{"type": "string"}}
	clock = &dapr.ConversationToolsAlpha2{
		Name:       "get_time",
		Parameters: schema(map[string]any{"type": "object", "properties": zone}),
	}
	return weather, clock
}

func shownChoice(choice *dapr.ConversationResultChoicesAlpha2) object {
	calls := []object{}
	for _, call := range choice.Message.ToolCalls {
		calls = append(calls, object{"id": call.ID, "name": call.ToolTypes.Name, "arguments": call.ToolTypes.Arguments})
	}
	return object{
		"index": choice.Index, "finishReason": choice.FinishReason, "content": choice.Message.Content, "toolCalls": calls,
	}
}

func shownAlpha2(response *dapr.ConversationResponseAlpha2) any {
	outputs := []object{}
	for _, output := range response.Outputs {
		choices := []object{}
		for _, choice := range output.Choices {
			choices = append(choices, shownChoice(choice))
		}
		model := ""
		if output.Model != nil {
			model = *output.Model
		}
		usage := object{
			"completionTokens": output.Usage.CompletionTokens,
			"promptTokens":     output.Usage.PromptTokens,
			"totalTokens":      output.Usage.TotalTokens,
		}
		outputs = append(outputs, object{"choices": choices, "model": model, "usage": usage})
	}
	return object{"contextId": response.ContextID, "outputs": outputs}
}

func everyMessage() []*message {
	calls := []*dapr.ConversationToolCallsAlpha2{{
		ID:        "call-1",
		ToolTypes: dapr.ConversationToolAlpha2{Name: "get_weather", Arguments: `{"city":"Rome"}`},
	}}
	return []*message{
		{ConversationMessageOfDeveloper: &dapr.ConversationMessageOfDeveloperAlpha2{
			Name: to("dev"), Content: text("be exact"),
		}},
		{ConversationMessageOfSystem: &dapr.ConversationMessageOfSystemAlpha2{
			Name: to("sys"), Content: text("be brief"),
		}},
		{ConversationMessageOfUser: &dapr.ConversationMessageOfUserAlpha2{
			Name: to("ann"), Content: text("how warm is it?"),
		}},
		{ConversationMessageOfAssistant: &dapr.ConversationMessageOfAssistantAlpha2{
			Name: to("bot"), Content: text("looking"), ToolCalls: calls,
		}},
		{ConversationMessageOfTool: &dapr.ConversationMessageOfToolAlpha2{
			ToolID: to("call-1"), Name: to("get_weather"), Content: text("21 degrees"),
		}},
	}
}

func alpha2(client dapr.Client) {
	call := func(name string, request dapr.ConversationRequestAlpha2) {
		if request.Name == "" {
			request.Name = "echo"
		}
		report(name, func() (any, error) {
			response, err := client.ConverseAlpha2(context.Background(), request)
			if err != nil {
				return nil, err
			}
			return shownAlpha2(response), nil
		})
	}
	weather, clock := tools()
	hello := asked("hello world")
	hello.ScrubPII = to(true)
	answer := map[string]any{"answer": map[string]any{"type": "string"}}
	call("alpha2", dapr.ConversationRequestAlpha2{
		ContextID:            to("chat-123"),
		Inputs:               messages{hello},
		Parameters:           map[string]*anypb.Any{"style": packed("brief")},
		Metadata:             metadata,
		ScrubPII:             to(true),
		Temperature:          to(0.7),
		ResponseFormat:       schema(map[string]any{"type": "object", "properties": answer, "required": []any{"answer"}}),
		PromptCacheRetention: durationpb.New(24 * time.Hour),
	})
	call("alpha2 messages", dapr.ConversationRequestAlpha2{Inputs: messages{{Messages: everyMessage()}}})
	call("alpha2 tools", dapr.ConversationRequestAlpha2{
		Inputs:     messages{asked("how warm is it?")},
		Tools:      []*dapr.ConversationToolsAlpha2{weather, clock},
		ToolChoice: to(dapr.ToolChoiceAutoAlpha2),
	})
	call("alpha2 tool choice", dapr.ConversationRequestAlpha2{
		Inputs:     messages{asked("how warm is it?")},
		Tools:      []*dapr.ConversationToolsAlpha2{weather},
		ToolChoice: to(dapr.ToolChoiceAlpha2("get_weather")),
	})
	secret := asked("input this +12341567890")
	secret.ScrubPII = to(true)
	call("alpha2 scrubbed", dapr.ConversationRequestAlpha2{
		Inputs: messages{asked("input this abcd@gmail.com"), secret},
	})
	call("alpha2 unknown component", dapr.ConversationRequestAlpha2{Name: "nobody", Inputs: messages{asked("hello world")}})
	call("alpha2 no inputs", dapr.ConversationRequestAlpha2{})
	call("alpha2 unknown tool", dapr.ConversationRequestAlpha2{
		Inputs:     messages{asked("hello world")},
		Tools:      []*dapr.ConversationToolsAlpha2{weather},
		ToolChoice: to(dapr.ToolChoiceAlpha2("get_money")),
	})
}
