using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Broadcast.Control.Identity;
using Broadcast.Testing;
using Microsoft.AspNetCore.Http.Features;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>
/// The document from which the dashboard's client is generated. With <c>BROADCAST_RENEW=1</c> it is rewritten instead of compared.
/// </summary>
public sealed class OpenApiDocumentTests(PostgresFixture postgres)
{
    private const string Renewal = "Renew it and the dashboard's types with: npm --prefix dashboard run api:renew";
    private static readonly JsonSerializerOptions OnOneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string Kept = Repository.PathOf("dashboard", "openapi.json");

    [Fact]
    public async Task Committed_OpenAPI_document_matches_the_served_one()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, served, _) = await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer));

        var text = Written(JsonNode.Parse(served.GetRawText())!.AsObject());
        if (Environment.GetEnvironmentVariable("BROADCAST_RENEW") == "1")
        {
            await File.WriteAllTextAsync(Kept, text);
        }

        var lines = text.Split('\n');
        var kept = (await File.ReadAllTextAsync(Kept)).Split('\n');
        lines.Except(kept, StringComparer.Ordinal).Select(l => l[..Math.Min(l.Length, 160)])
            .ShouldBeEmpty($"dashboard/openapi.json does not have this, which the server serves. {Renewal}");
        kept.Except(lines, StringComparer.Ordinal).Select(l => l[..Math.Min(l.Length, 160)])
            .ShouldBeEmpty($"dashboard/openapi.json has this, which the server does not serve. {Renewal}");
    }

    [Fact]
    public async Task Optional_body_members_are_not_required_and_numbers_have_numeric_types()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, document, _) = await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer));
        var schemas = document.GetProperty("components").GetProperty("schemas");

        Required(schemas, "NewEvent").ShouldBe(["channel", "end", "start", "title"]);
        Required(schemas, "EventChange").ShouldBeEmpty();
        Required(schemas, "NewClip").ShouldBe(["start"]);
        Required(schemas, "EventView").ShouldContain("recurrence", "an answer has it, be it null");
        schemas.GetProperty("EventView").GetProperty("properties").GetProperty("graceSeconds").GetProperty("type").GetString()
            .ShouldBe("integer");
    }

    [Fact]
    public async Task Document_is_written_in_pieces_of_at_most_64_KiB()
    {
        RecordedBody? body = null;
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, middleware: (http, next) =>
        {
            body = new(http.Features.GetRequiredFeature<IHttpResponseBodyFeature>());
            http.Features.Set<IHttpResponseBodyFeature>(body);
            return next(http);
        });
        var document = await server.Client.GetByteArrayAsync("/api/v1/openapi.json");

        body.ShouldNotBeNull().Pieces.Sum().ShouldBe(document.Length);
        body.Pieces.Max().ShouldBeLessThanOrEqualTo(64 * 1024);
    }

    private static List<string> Required(JsonElement schemas, string name) =>
        schemas.GetProperty(name).TryGetProperty("required", out var names)
        ? [.. names.EnumerateArray().Select(n => n.GetString()!).Order(StringComparer.Ordinal)] : [];

    // One line per operation and schema, so that a diff shows the changed ones. Tags are excluded, because they name the program
    // that maps an operation.
    private static string Written(JsonObject document)
    {
        document.Remove("tags");
        foreach (var operation in document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).Select(o => o.Value!.AsObject()))
        {
            operation.Remove("tags");
        }

        var text = new StringBuilder();
        Write(text, document, ["paths", "components", "schemas"], 0);
        return text.Append('\n').ToString();
    }

    private static void Write(StringBuilder text, JsonObject node, string[] opened, int depth)
    {
        text.Append('{');
        var comma = false;
        foreach (var (name, value) in node)
        {
            text.Append(comma ? ",\n" : "\n").Append(' ', depth + 1).Append(JsonSerializer.Serialize(name, OnOneLine)).Append(": ");
            comma = true;
            if (value is JsonObject inner
                && (opened.Contains(name, StringComparer.Ordinal) || name.StartsWith("/api/", StringComparison.Ordinal)))
            {
                Write(text, inner, opened, depth + 1);
            }
            else
            {
                text.Append(value?.ToJsonString(OnOneLine) ?? "null");
            }
        }

        text.Append('\n').Append(' ', depth).Append('}');
    }
}
