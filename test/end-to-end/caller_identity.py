"""Prints who boto3 is by its default credentials, and these, as one JSON document."""

import json

import boto3

session = boto3.Session()
credentials = session.get_credentials().get_frozen_credentials()
identity = session.client("sts").get_caller_identity()
print(json.dumps({"arn": identity["Arn"], "secrets": [credentials.secret_key, credentials.token]}))
