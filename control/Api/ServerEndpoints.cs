using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broadcast.Control.Api;

/// <summary>Endpoint <c>/api/v1/servers</c>: the servers that share the database.</summary>
internal static class ServerEndpoints
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/servers", ListAsync).RequireRole(TokenRole.Admin)
            .Describe<List<ServerView>>(
                "listServers",
                "List the servers that share the database, by number. 'load' is the share of the machine's processors that the server uses, "
                + "0 to 1. 'state' is 'running', 'stopped', or 'lost' when the server's lease expired.",
                200);

    private static async Task<List<ServerView>> ListAsync(HttpContext http, ServerRepository servers) =>
        [.. (await servers.ListAsync(http.RequestAborted)).Select(ServerView.From)];
}

internal sealed record ServerView(int Number, string Name, string? Address, string Roles, string State, int Sessions, double? Load,
    string? Version, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt)
{
    public static ServerView From(ServerInfo server) => new(server.Number, server.Name, server.Address, server.Roles,
        ServerRepository.NameOf(server.State), server.Sessions, server.Load, server.Version,
        server.StartedAt, server.LastSeenAt);
}
