// The calls by alpha1.

package main

import (
	"context"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/protobuf/types/known/anypb"
)

var metadata = map[string]string{"model": "modelname", "key": "authKey", "cacheTTL": "10m"}

func shownAlpha1(response *dapr.ConversationResponse) any {
	outputs := []object{}
	for _, output := range response.Outputs {
		parameters := object{}
		for name, value := range output.Parameters {
			parameters[name] = unpacked(value)
		}
		outputs = append(outputs, object{"result": output.Result, "parameters": parameters})
	}
	return object{"contextId": response.ContextID, "outputs": outputs}
}

func alpha1(client dapr.Client) {
	ctx := context.Background()
	said := func(texts ...string) []dapr.ConversationInput {
		inputs := []dapr.ConversationInput{}
		for _, text := range texts {
			inputs = append(inputs, dapr.ConversationInput{Content: text})
		}
		return inputs
	}

	report("alpha1", func() (any, error) {
		input := dapr.ConversationInput{Content: "hello world", Role: to("user"), ScrubPII: to(true)}
		request := dapr.NewConversationRequest("echo", []dapr.ConversationInput{input})
		response, err := client.ConverseAlpha1(ctx, request, dapr.WithContextID("chat-123"),
			dapr.WithMetadata(metadata), dapr.WithScrubPII(true), dapr.WithTemperature(0.7))
		if err != nil {
			return nil, err
		}
		return shownAlpha1(response), nil
	})
	call := func(name, component string, inputs []dapr.ConversationInput, parameters map[string]*anypb.Any) {
		report(name, func() (any, error) {
			request := dapr.NewConversationRequest(component, inputs)
			response, err := client.ConverseAlpha1(ctx, request, dapr.WithParameters(parameters))
			if err != nil {
				return nil, err
			}
			return shownAlpha1(response), nil
		})
	}
	roles := said("be brief", "hello world")
	roles[0].Role, roles[1].Role = to("system"), to("user")
	call("alpha1 inputs", "echo", roles, nil)
	secrets := said("input this abcd@gmail.com", "input this +12341567890")
	secrets[1].ScrubPII = to(true)
	call("alpha1 scrubbed", "echo", secrets, nil)
	call("alpha1 parameters", "echo", said("hello world"), map[string]*anypb.Any{"style": packed("brief")})
	call("alpha1 unknown component", "nobody", said("hello world"), nil)
	call("alpha1 no inputs", "echo", said(), nil)
}
