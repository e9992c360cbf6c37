// Prints who Terraform's AWS provider is by its default credentials, as one line of JSON: it finds them, the region and
// the account with this library.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"

	"latchkey/test/sdk/answer"
)

func main() {
	answer.Print(identify(context.Background()))
}

func identify(ctx context.Context) (answer.Identity, error) {
	ctx, sdk, found := awsbase.GetAwsConfig(ctx, &awsbase.Config{})
	if found.HasError() {
		return answer.Identity{}, shown(found)
	}
	caller, err := sts.NewFromConfig(sdk).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return answer.Identity{}, err
	}
	identity, err := answer.Of(ctx, sdk, aws.ToString(caller.Arn))
	if err == nil && identity.Source == ec2rolecreds.ProviderName {
		// With skip_credentials_validation it reads the account out of /latest/meta-data/iam/info.
		identity.AccountID, _, found = awsbase.GetAwsAccountIDAndPartition(ctx, sdk, &awsbase.Config{SkipCredsValidation: true})
		if found.HasError() {
			return answer.Identity{}, shown(found)
		}
	}
	return identity, err
}

// shown is what Terraform shows of the first error: its summary, and below it the detail.
func shown(found diag.Diagnostics) error {
	for _, each := range found.Errors() {
		return fmt.Errorf("%s\n%s", each.Summary(), each.Detail())
	}
	return errors.New("there is no error")
}
