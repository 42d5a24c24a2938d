#!/bin/sh
# Takes the OpenAPI document anew from the server as it is built here, and makes the dashboard's types of it.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
dotnet build tests/control/Broadcast.Control.Tests.csproj -v q -clp:ErrorsOnly
BROADCAST_RENEW=1 tests/control/bin/Debug/net10.0/Broadcast.Control.Tests -noColor -class "*OpenApiDocumentTests"
npm --prefix dashboard run api
