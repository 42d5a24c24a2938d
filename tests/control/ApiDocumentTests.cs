using System.Globalization;
using System.Text;
using System.Text.Json;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>The OpenAPI document: complete and correct, with an example of each body and of each problem.</summary>
public sealed class ApiDocumentTests(PostgresFixture postgres)
{
    private const string Json = "application/json";

    /// <summary>Operations with query parameters that reject no value, with the reason.</summary>
    private static readonly Dictionary<string, string> Unrefused = new(StringComparer.Ordinal)
    {
        ["GET /api/v1/events.ics"] = "a channel that there is not is not found",
    };

    /// <summary>Operations of encoders, without rate limit.</summary>
    private static readonly HashSet<string> Uncounted = new(StringComparer.Ordinal) { "POST /api/v1/obs/multitrack" };

    [Fact]
    public async Task Every_operation_documents_a_summary_body_examples_and_its_problem_responses()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var document = await DocumentAsync(server);

        var faults = Operations(document).SelectMany(o => Faults(document, o.Name, o.Operation).Select(f => $"{o.Name}: {f}")).ToList();

        faults.ShouldBeEmpty(string.Join('\n', faults));
    }

    [Fact]
    public void Incomplete_operation_in_the_document_is_found()
    {
        var document = JsonDocument.Parse("""
            {
              "components": { "schemas": { "Thing": { "required": ["name"], "properties": { "name": {}, "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } } } } } },
              "bare": { "responses": { "200": { "content": { "application/json": {} } }, "404": {} } },
              "wrong": {
                "summary": "Makes it.",
                "parameters": [ { "name": "limit", "in": "query" }, { "name": "If-Match", "in": "header" }, { "name": "Idempotency-Key", "in": "header" } ],
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" }, "example": { "parts": [ { "name": "a", "colour": "red" } ] } } } },
                "responses": { "401": { "content": { "application/problem+json": { "example": { "status": 403, "title": "Forbidden", "detail": "No." } } } } }
              }
            }
            """).RootElement;

        Faults(document, "GET /api/v1/things/{id}", document.GetProperty("bare")).ShouldBe(
            ["has no summary", "200 has no example", "404 is no problem details", "401 is missing", "403 is missing", "429 is missing",
                "503 is missing"], ignoreOrder: true);
        Faults(document, "POST /api/v1/things", document.GetProperty("wrong")).ShouldBe(
            [
                "the body's example has no 'name'", "the body's example has 'parts.colour', which is no member", "has no good answer",
                "the example of 401 has another status",
                "400 is missing", "403 is missing", "409 is missing", "412 is missing", "413 is missing", "415 is missing",
                "422 is missing", "429 is missing", "503 is missing",
            ],
            ignoreOrder: true);
    }

    [Fact]
    public async Task Documented_example_bodies_are_accepted()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        var document = await DocumentAsync(server);

        foreach (var (method, pattern, status) in new[]
        {
            ("post", "/channels", 201), ("patch", "/channels/{name}", 200), ("post", "/channels/{name}/keys", 201),
            ("post", "/channels/{name}/viewer-tokens", 201), ("post", "/channels/{name}/viewer-keys", 201),
            ("post", "/tokens", 201), ("post", "/events", 201), ("post", "/webhooks", 201), ("post", "/calendar-feeds", 201),
            ("post", "/users", 201), ("put", "/users/{name}/password", 204), ("patch", "/users/{name}", 200),
        })
        {
            var sent = document.GetProperty("paths").GetProperty("/api/v1" + pattern).GetProperty(method).GetProperty("requestBody")
                .GetProperty("content").GetProperty(Json).GetProperty("example").GetRawText();
            var path = "/api/v1" + pattern.Replace("{name}", pattern.StartsWith("/users", StringComparison.Ordinal) ? "jane" : "concert",
                StringComparison.Ordinal);
            using var body = new StringContent(sent, Encoding.UTF8, Json);

            var answer = await server.SendAsync(method.ToUpperInvariant(), path, admin, body);

            answer.Status.ShouldBe(status, $"{method} {pattern} {sent} {answer.Body}");
        }
    }

    [Fact]
    public async Task Problem_responses_match_the_document()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (admin, viewer) = (await server.TokenAsync(TokenRole.Admin), await server.TokenAsync(TokenRole.Viewer));
        await server.Get<ChannelRepository>().CreateAsync("concert", new());
        var document = await DocumentAsync(server);
        HttpContent Body(string text, string type = Json) => new StringContent(text, Encoding.UTF8, type);
        const string Channels = "/api/v1/channels";
        const string One = Channels + "/{name}";
        (string Method, string Pattern, int Status, string? Token, HttpContent? Body, string Header)[] requests =
        [
            ("GET", "/api/v1/audit", 400, admin, null, ""),
            ("POST", Channels, 400, admin, Body("{}"), ""),
            ("POST", Channels, 401, null, Body("name=a", "application/x-www-form-urlencoded"), ""),
            ("POST", Channels, 403, viewer, Body("{}"), ""),
            ("GET", "/api/v1/channels/{name}/sessions", 404, viewer, null, ""),
            ("POST", Channels, 409, admin, Body("""{"name":"concert"}"""), ""),
            ("PATCH", One, 412, admin, Body("""{"title":"x"}"""), "If-Match"),
            ("POST", Channels, 413, admin, Body("{\"title\":\"" + new string('x', 70_000)), ""),
            ("POST", Channels, 415, admin, Body("name=a", "application/x-www-form-urlencoded"), ""),
            ("POST", "/api/v1/login", 415, null, Body("name=a", "application/x-www-form-urlencoded"), ""),
            ("POST", "/api/v1/login", 401, null, Body("""{"name":"nobody","password":"a wrong password"}"""), ""),
        ];

        foreach (var (method, pattern, status, token, body, header) in requests)
        {
            var path = pattern.Replace("{name}", status == 404 ? "none" : "concert", StringComparison.Ordinal)
                + (pattern.EndsWith("/audit", StringComparison.Ordinal) ? "?limit=0" : "");
            var answer = await server.SendAsync(method, path, token, body, header.Length > 0 ? [(header, "\"another\"")] : []);
            var shown = document.GetProperty("paths").GetProperty(pattern).GetProperty(method.ToLowerInvariant()).GetProperty("responses")
                .GetProperty(status.ToString(CultureInfo.InvariantCulture))
                .GetProperty("content").GetProperty(EndpointDescriptions.ProblemType).GetProperty("example");

            answer.Status.ShouldBe(status, $"{method} {path}");
            answer.Response.Content.Headers.ContentType!.MediaType.ShouldBe(EndpointDescriptions.ProblemType, $"{method} {path} {status}");
            foreach (var member in (string[])["type", "title", "status"])
            {
                answer.Body.GetProperty(member).ToString().ShouldBe(shown.GetProperty(member).ToString(), $"{method} {path} {status}");
            }

            answer.Body.TryGetProperty("errors", out _).ShouldBe(shown.TryGetProperty("errors", out _));
        }
    }

    private static IEnumerable<string> Faults(JsonElement document, string name, JsonElement operation)
    {
        if (!operation.TryGetProperty("summary", out var summary) || string.IsNullOrEmpty(summary.GetString()))
        {
            yield return "has no summary";
        }

        var responses = operation.GetProperty("responses");
        foreach (var fault in BodyFaults(document, operation).Concat(AnswerFaults(document, responses)))
        {
            yield return fault;
        }

        foreach (var status in Wanted(name, operation).Distinct().Where(s => !responses.TryGetProperty(s, out _)))
        {
            yield return $"{status} is missing";
        }
    }

    private static IEnumerable<string> BodyFaults(JsonElement document, JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out var body))
        {
            yield break;
        }

        foreach (var content in body.GetProperty("content").EnumerateObject())
        {
            if (content.Name.Contains('*', StringComparison.Ordinal))
            {
                yield return "its body is of any type";
            }
            else if (content.Name == Json && !content.Value.TryGetProperty("example", out _))
            {
                yield return "its body has no example";
            }
            else if (content.Name == Json)
            {
                foreach (var fault in Unfit(document, content.Value.GetProperty("schema"), content.Value.GetProperty("example"), ""))
                {
                    yield return $"the body's example {fault}";
                }
            }
        }
    }

    private static IEnumerable<string> AnswerFaults(JsonElement document, JsonElement responses)
    {
        if (!responses.EnumerateObject().Any(r => r.Name.StartsWith('2')))
        {
            yield return "has no good answer";
        }

        foreach (var response in responses.EnumerateObject().Where(r => r.Name is not ("204" or "304")))
        {
            var contents = response.Value.TryGetProperty("content", out var content) ? content.EnumerateObject().ToList() : [];
            if (response.Name[0] >= '4')
            {
                if (contents.Count != 1 || contents[0].Name != EndpointDescriptions.ProblemType
                    || !contents[0].Value.TryGetProperty("example", out var problem))
                {
                    yield return $"{response.Name} is no problem details";
                }
                else if (problem.GetProperty("status").GetInt32().ToString(CultureInfo.InvariantCulture) != response.Name)
                {
                    yield return $"the example of {response.Name} has another status";
                }
                else if (string.IsNullOrEmpty(problem.GetProperty("title").GetString())
                    || string.IsNullOrEmpty(problem.GetProperty("detail").GetString()))
                {
                    yield return $"the example of {response.Name} does not say what is wrong";
                }

                continue;
            }

            if (contents.Count == 0)
            {
                yield return $"{response.Name} has no body";
            }

            // Images and clips have no textual example.
            foreach (var media in contents.Where(c => !c.Name.StartsWith("image/", StringComparison.Ordinal)
                && !c.Name.StartsWith("video/", StringComparison.Ordinal)))
            {
                if (!media.Value.TryGetProperty("example", out var example))
                {
                    yield return $"{response.Name} has no example";
                    continue;
                }

                foreach (var fault in media.Name == Json ? Unfit(document, media.Value.GetProperty("schema"), example, "") : [])
                {
                    yield return $"the example of {response.Name} {fault}";
                }
            }
        }
    }

    private static IEnumerable<string> Wanted(string name, JsonElement operation)
    {
        yield return "503";
        if (!Uncounted.Contains(name))
        {
            yield return "429";
        }

        if (!ApiTests.Open.ContainsKey(name))
        {
            yield return "401";
            yield return "403";
        }

        if (name.Contains('{', StringComparison.Ordinal))
        {
            yield return "404";
        }

        if (operation.TryGetProperty("requestBody", out var body))
        {
            yield return "400";
            yield return "413";
            if (body.GetProperty("content").TryGetProperty(Json, out _))
            {
                yield return "415";
            }
        }

        var parameters = operation.TryGetProperty("parameters", out var list) ? list.EnumerateArray()
            .Select(p => (Name: p.GetProperty("name").GetString(), In: p.GetProperty("in").GetString())).ToList() : [];
        if (parameters.Exists(p => p.In == "query") && !Unrefused.ContainsKey(name))
        {
            yield return "400";
        }

        if (parameters.Exists(p => p.Name == "If-Match"))
        {
            yield return "412";
        }

        if (parameters.Exists(p => p.Name == IdempotencyHandler.Header))
        {
            yield return "409";
            yield return "422";
        }
    }

    /// <summary>Compares the members of an example with its schema recursively.</summary>
    private static IEnumerable<string> Unfit(JsonElement document, JsonElement schema, JsonElement example, string path)
    {
        schema = Resolve(document, schema);
        if (example.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var fault in example.EnumerateArray().SelectMany(e => Unfit(document, items, e, path)))
            {
                yield return fault;
            }
        }

        if (example.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties))
        {
            yield break;
        }

        foreach (var member in example.EnumerateObject())
        {
            if (!properties.TryGetProperty(member.Name, out var inner))
            {
                yield return $"has '{path}{member.Name}', which is no member";
                continue;
            }

            foreach (var fault in Unfit(document, inner, member.Value, $"{path}{member.Name}."))
            {
                yield return fault;
            }
        }

        foreach (var required in schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(n => n.GetString()!) : [])
        {
            // Null members are omitted from responses.
            if (!example.TryGetProperty(required, out _) && !IsNullable(properties.GetProperty(required)))
            {
                yield return $"has no '{path}{required}'";
            }
        }
    }

    private static bool IsNullable(JsonElement schema) =>
        (schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.Array
            && type.EnumerateArray().Any(t => t.GetString() == "null"))
        || (schema.TryGetProperty("oneOf", out var options) && options.EnumerateArray()
            .Any(o => o.TryGetProperty("type", out var t) && t.ValueKind == JsonValueKind.String && t.GetString() == "null"));

    private static JsonElement Resolve(JsonElement document, JsonElement schema)
    {
        if (schema.TryGetProperty("oneOf", out var options))
        {
            schema = options.EnumerateArray().First(o => !o.TryGetProperty("type", out var t) || t.ValueKind != JsonValueKind.String
                || t.GetString() != "null");
        }

        return schema.TryGetProperty("$ref", out var reference) ? document.GetProperty("components").GetProperty("schemas")
            .GetProperty(reference.GetString()!.Split('/')[^1]) : schema;
    }

    private static IEnumerable<(string Name, JsonElement Operation)> Operations(JsonElement document) =>
        document.GetProperty("paths").EnumerateObject()
        .SelectMany(p => p.Value.EnumerateObject().Select(o => ($"{o.Name.ToUpperInvariant()} {p.Name}", o.Value)));

    private static async Task<JsonElement> DocumentAsync(Server server) =>
        (await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer))).Body;
}
