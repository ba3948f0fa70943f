// Calls Parlor through Dapr's Go SDK, as a user's program does, and prints one JSON document a call.
//
// It knows where Parlor is from the environment alone: DAPR_GRPC_PORT.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type object map[string]any

func main() {
	if err := hello(context.Background()); err != nil {
		log.Fatal(err)
	}
	client, err := dapr.NewClient()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	alpha1(client)
	alpha2(client)
}

func hello(ctx context.Context) error {
	// readme
	client, err := dapr.NewClient() // import dapr "github.com/dapr/go-sdk/client"
	if err != nil {
		return err
	}
	request := dapr.NewConversationRequest("echo", []dapr.ConversationInput{{Content: "hello world"}})
	answer, err := client.ConverseAlpha1(ctx, request, dapr.WithScrubPII(true), dapr.WithTemperature(0.7))
	if err != nil {
		return err
	}
	fmt.Printf("conversation output: %s\n", answer.Outputs[0].Result)
	// /readme
	return nil
}

// report prints what a call gave: what is shown of its answer, or the code and the message of its error.
func report(call string, answer func() (any, error)) {
	document := object{"call": call}
	if shown, err := answer(); err != nil {
		problem := status.Convert(err)
		document["error"] = object{"code": code.Code(problem.Code()).String(), "message": problem.Message()}
	} else {
		document["answer"] = shown
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		log.Fatal(err)
	}
}

func to[T any](value T) *T {
	return &value
}

// packed wraps a text as `parameters` want it.
func packed(text string) *anypb.Any {
	value, err := anypb.New(wrapperspb.String(text))
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func unpacked(value *anypb.Any) string {
	text := &wrapperspb.StringValue{}
	if err := value.UnmarshalTo(text); err != nil {
		log.Fatal(err)
	}
	return text.GetValue()
}
