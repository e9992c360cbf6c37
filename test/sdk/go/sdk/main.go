// Prints who AWS SDK for Go v2 is by its default credentials, as one line of JSON.
package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"latchkey/test/sdk/answer"
)

func main() {
	answer.Print(identify(context.Background()))
}

func identify(ctx context.Context) (answer.Identity, error) {
	// Unlike the other SDKs, this one takes the region from IMDS only when it is told to.
	sdk, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSRegion())
	if err != nil {
		return answer.Identity{}, err
	}
	caller, err := sts.NewFromConfig(sdk).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return answer.Identity{}, err
	}
	return answer.Of(ctx, sdk, aws.ToString(caller.Arn))
}
