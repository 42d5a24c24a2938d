#!/bin/sh
# Regenerates openapi.json from the server built here, and the dashboard's types from it.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
dotnet build tests/control/Broadcast.Control.Tests.csproj -v q -clp:ErrorsOnly
BROADCAST_RENEW=1 tests/control/bin/Debug/net10.0/Broadcast.Control.Tests -noColor -class "*OpenApiDocumentTests"
npm --prefix dashboard run api
