// Package answer is what each program of this folder prints.
package answer

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Identity is who a program is at STS, and by which credentials. It has no secret.
type Identity struct {
	Arn         string `json:"arn"`
	Region      string `json:"region"`
	AccessKeyID string `json:"accessKeyId"`
	// Expiration is in RFC 3339.
	Expiration string `json:"expiration"`
	// AccountID is where the program asks for it apart from its ARN.
	AccountID string `json:"accountId,omitempty"`
	// Source is the SDK's name for where the credentials come from; it is not printed.
	Source string `json:"-"`
}

// Of names the credentials that an SDK was called with.
func Of(ctx context.Context, sdk aws.Config, arn string) (Identity, error) {
	credentials, err := sdk.Credentials.Retrieve(ctx)
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		Arn:         arn,
		Region:      sdk.Region,
		AccessKeyID: credentials.AccessKeyID,
		Expiration:  credentials.Expires.UTC().Format(time.RFC3339),
		Source:      credentials.Source,
	}, nil
}

// Print ends the program: with the identity on standard output, or with the whole text of the error and status 1.
func Print(identity Identity, err error) {
	var line any = identity
	if err != nil {
		line = map[string]string{"error": err.Error()}
	}
	if failed := json.NewEncoder(os.Stdout).Encode(line); failed != nil {
		fmt.Fprintln(os.Stderr, failed)
		os.Exit(2)
	}
	if err != nil {
		os.Exit(1)
	}
}
