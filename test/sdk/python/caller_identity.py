"""Prints who boto3 is by its default credentials, as one line of JSON without a secret."""

import json
import sys

import boto3
import botocore.exceptions

try:
    session = boto3.Session()
    sts = session.client("sts")
    arn = sts.get_caller_identity()["Arn"]
    credentials = session.get_credentials()
    print(json.dumps({
        "arn": arn,
        "region": sts.meta.region_name,
        "accessKeyId": credentials.access_key,
        "expiration": credentials._expiry_time.isoformat(),
    }))
except botocore.exceptions.BotoCoreError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit(1)
