using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>
/// Permissions of the whole API: each operation of the OpenAPI document with every kind of caller. The requests name no existing object, so
/// permitted ones get 404, 400 or 415 and destroy nothing.
/// </summary>
public sealed partial class AccessTests(PostgresFixture postgres)
{
    private const string Nothing = "nothing-there";
    private static readonly TokenRole[] AllRoles = [TokenRole.Viewer, TokenRole.Moderator, TokenRole.Producer, TokenRole.Admin];

    /// <summary>Operations about the caller or the API, without scope and channel.</summary>
    private static readonly string[] Unscoped = ["/api/v1/me", "/api/v1/system", "/api/v1/logout"];

    [Fact]
    public async Task Every_API_operation_denies_callers_without_permission_and_accepts_the_others()
    {
        await using var server = await StartAsync();
        var wrong = new List<string>();
        var asked = 0;
        foreach (var operation in await OperationsAsync(server))
        {
            if (ApiTests.Open.ContainsKey(operation.ToString()))
            {
                operation.Role.ShouldBeNull($"{operation} is open, and says that it is not");
                continue;
            }

            var needed = operation.Role.ShouldNotBeNull($"{operation} asks for no role. Say .Asks(…), or give the reason in ApiTests.Open");
            foreach (var (who, expected, send) in Callers(server, operation, needed))
            {
                asked++;
                var (status, _, _) = await send();
                var came = status switch { 401 => "unknown", 403 => "refused", _ => "through" };
                if (came != expected)
                {
                    wrong.Add($"{operation} by {who}: {came} ({status}), and not {expected}");
                }
            }
        }

        wrong.ShouldBeEmpty();
        asked.ShouldBeGreaterThan(500, "the document was not read");
    }

    [Fact]
    public async Task Every_operation_has_a_grantable_scope_or_a_documented_exception()
    {
        // Permission to create tokens or users would allow callers to extend their own permissions.
        string[] ungiven = ["tokens", "users"];
        await using var server = await StartAsync();
        foreach (var operation in (await OperationsAsync(server)).Where(o => o.Role is not null))
        {
            var scope = Scopes.Of(operation.Method, operation.Path);
            (scope is null).ShouldBe(IsUnscoped(operation), operation.ToString());
            if (scope is not null)
            {
                (Scopes.Names.Contains(scope) || ungiven.Contains(scope.Split(':')[0])).ShouldBeTrue(
                    $"{operation} is of the scope {scope}, which is in no list: add its area to Scopes");
                scope.EndsWith(":read", StringComparison.Ordinal).ShouldBe(operation.Method == "GET");
            }
        }
    }

    [Fact]
    public async Task Read_operations_change_nothing()
    {
        await using var server = await StartAsync();
        var admin = await server.TokenAsync(TokenRole.Admin);
        var reading = (await OperationsAsync(server)).Where(o => o.Method == "GET").ToList();
        var before = (await server.Get<AuditLog>().ListAsync(new()))[0].Id;
        foreach (var operation in reading)
        {
            await server.SendAsync("GET", operation.Address, admin);
        }

        (await server.Get<AuditLog>().ListAsync(new()))[0].Id.ShouldBe(before);
    }

    private static IEnumerable<(string Who, string Expected, Func<Task<(int Status, JsonElement Body,
        HttpResponseMessage Response)>> Send)> Callers(Server server, Operation operation, TokenRole needed)
    {
        var (method, address) = (operation.Method, operation.Address);
        var tokens = server.Get<TokenRepository>();

        // Operations on a user's own account reject tokens of any role.
        var through = IsPersons(operation) ? "refused" : "through";
        yield return ("nobody", "unknown", () => server.SendAsync(method, address));
        yield return ("a token that is none", "unknown", () => server.SendAsync(method, address, "nonsense"));
        yield return ("a login that is none", "unknown",
            () => server.SendAsPersonAsync(method, address, "nonsense", origin: server.Address));
        yield return ("a token that has expired", "unknown",
            async () => await server.SendAsync(method, address, await ExpiredAsync(server)));
        yield return ("a token that was revoked", "unknown", async () =>
        {
            var token = await tokens.CreateAsync(TokenRole.Admin);
            await tokens.RevokeAsync(token.Info.Id);
            return await server.SendAsync(method, address, token.Token);
        });
        foreach (var role in AllRoles)
        {
            var may = role >= needed;
            yield return ($"a token of role {role}", may ? through : "refused",
                async () => await server.SendAsync(method, address, await server.TokenAsync(role)));
            yield return ($"a person of role {role}", may ? "through" : "refused",
                async () => await server.SendAsPersonAsync(method, address, await LoginAsync(server, role), origin: server.Address));
            yield return ($"a person of role {role}, from a page of others", may && method == "GET" ? "through" : "refused", async () =>
                await server.SendAsPersonAsync(method, address, await LoginAsync(server, role), origin: "https://evil.example",
                    site: "cross-site"));
            yield return ($"a person of role {role}, without a browser's word", may && method == "GET" ? "through" : "refused", async () =>
                await server.SendAsPersonAsync(method, address, await LoginAsync(server, role)));
        }

        yield return ("a person who was disabled", "unknown", async () =>
        {
            await server.Get<UserRepository>().SetAsync("gone", new(IsDisabled: false));
            var login = await BeginAsync(server, "gone");
            await server.Get<UserRepository>().SetAsync("gone", new(IsDisabled: true));
            return await server.SendAsPersonAsync(method, address, login, origin: server.Address);
        });

        var scope = Scopes.Of(method, operation.Path);
        var others = Scopes.Names.Where(s => s != scope
            && !(method == "GET" && s == scope?.Replace(":read", ":write", StringComparison.Ordinal))).ToList();
        yield return ("a token of all scopes but its", scope is null ? through : "refused",
            async () => await server.SendAsync(method, address, await LimitedAsync(server, new(Scopes: others))));
        if (scope is not null && Scopes.Names.Contains(scope))
        {
            yield return ("a token of its scope", through,
                async () => await server.SendAsync(method, address, await LimitedAsync(server, new(Scopes: [scope]))));
        }

        var isOfChannel = operation.Path.StartsWith("/api/v1/channels/{name}", StringComparison.Ordinal);
        yield return ("a token of another channel", scope is null ? through : "refused",
            async () => await server.SendAsync(method, address, await LimitedAsync(server, new(Channels: ["other"]))));
        if (isOfChannel)
        {
            // The token's own channel exists: it is only read, and the requests would not change it.
            var own = address.Replace(Nothing, "own", StringComparison.Ordinal);
            yield return ("a token of its channel", "through",
                async () => await server.SendAsync(method == "DELETE" && own.EndsWith("/own", StringComparison.Ordinal) ? "GET" : method,
                    own, await LimitedAsync(server, new(Channels: ["own"]))));
        }
    }

    private static async Task<List<Operation>> OperationsAsync(Server server)
    {
        var (_, document, _) = await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer));
        var all = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => new Operation(
            o.Name.ToUpperInvariant(), p.Name, RoleOf(o.Value)))).ToList();
        all.Count.ShouldBeGreaterThan(40);
        return [.. all, new("GET", "/api/v1/openapi.json", null)];   // not listed in the document itself
    }

    private static TokenRole? RoleOf(JsonElement operation) =>
        operation.TryGetProperty("description", out var text) && Needs().Match(text.GetString()!) is { Success: true } match
        && TokenRoles.TryParse(match.Groups["role"].Value, out var role) ? role : null;

    private static bool IsUnscoped(Operation operation) =>
        Unscoped.Any(u => operation.Path == u || operation.Path.StartsWith(u + "/", StringComparison.Ordinal));

    private static bool IsPersons(Operation operation) => operation.Path.StartsWith("/api/v1/me/", StringComparison.Ordinal)
        || operation.Path == "/api/v1/logout";

    private static async Task<string> LimitedAsync(Server server, TokenLimits limits) =>
        (await server.Get<TokenRepository>().CreateAsync(TokenRole.Admin, limits: limits)).Token;

    private static async Task<string> ExpiredAsync(Server server)
    {
        var token = await server.Get<TokenRepository>().CreateAsync(TokenRole.Admin);
        await using var command = server.Get<ServerDatabase>()
            .Source.CreateCommand("UPDATE tokens SET expires_at = now() - interval '1 s' WHERE id = $1");
        command.Parameters.Add(new() { Value = token.Info.Id });
        await command.ExecuteNonQueryAsync();
        return token.Token;
    }

    private static Task<string> LoginAsync(Server server, TokenRole role) => BeginAsync(server, TokenRoles.Name(role));

    // Skips the password check, whose hash is slow.
    private static async Task<string> BeginAsync(Server server, string user)
    {
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var find = new Npgsql.NpgsqlCommand("SELECT id FROM users WHERE name = $1", connection,
            transaction) { Parameters = { new() { Value = user } } };
        var text = await server.Get<UserSessions>().CreateAsync(connection, transaction, (long)(await find.ExecuteScalarAsync())!, "",
            "", default);
        await transaction.CommitAsync();
        return text;
    }

    private async Task<Server> StartAsync()
    {
        // Allows hundreds of requests from one address, most of them rejected.
        var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: [("Control:ReadsPerSecond", "0"), ("Control:WritesPerSecond", "0")]);
        foreach (var name in (string[])["own", "other"])
        {
            await server.Get<ChannelRepository>().CreateAsync(name, new());
        }

        foreach (var role in AllRoles)
        {
            await server.Get<UserRepository>().CreateAsync(TokenRoles.Name(role), UserTests.Password, role);
        }

        await server.Get<UserRepository>().CreateAsync("gone", UserTests.Password, TokenRole.Admin);
        return server;
    }

    [GeneratedRegex(@"^Requires role (?<role>[a-z]+)")]
    private static partial Regex Needs();

    private sealed record Operation(string Method, string Path, TokenRole? Role)
    {
        /// <summary>Replaces parameters with names of missing objects.</summary>
        public string Address => Placeholder().Replace(Path, Nothing);

        public override string ToString() => $"{Method} {Path}";
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Placeholder();
}
