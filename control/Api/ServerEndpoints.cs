using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broadcast.Control.Api;

/// <summary>Endpoint <c>/api/v1/servers</c>: the servers that share the database.</summary>
internal static class ServerEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/servers", ListAsync).RequireRole(TokenRole.Admin)
            .Describe<List<ServerView>>(
                "listServers",
                "List the servers that share the database, by number. 'load' is the share of the machine's processors that the server uses, "
                + "0 to 1. 'state' is 'running', 'draining', 'stopped', or 'lost' when the server's lease expired.",
                200);
        api.MapPost("/servers/{number}/drain", (string number, HttpContext http, ServerRepository servers) =>
                SetDrainingAsync(number, true, http, servers))
            .RequireRole(TokenRole.Admin).Describe("drainServer",
                "Drain a server: it hands its sessions over to other servers, takes no others, and is not ready for load balancers. "
                + "Encoders and viewers that are connected to it stay connected. The server can be stopped when it has no sessions. A "
                + "server that starts is not drained.", 204, 404, 409);
        api.MapPost("/servers/{number}/undrain", (string number, HttpContext http, ServerRepository servers) =>
                SetDrainingAsync(number, false, http, servers))
            .RequireRole(TokenRole.Admin).Describe("undrainServer",
                "End the draining of a server: it takes sessions again. Sessions that it has handed over stay where they are.",
                204, 404, 409);
    }

    private static async Task<IResult> SetDrainingAsync(string number, bool draining, HttpContext http, ServerRepository servers)
    {
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            throw new OperationException(OperationErrorCode.NotFound,
                $"'{number}' is not the number of a server; see the list of servers.");
        }

        await servers.SetDrainingAsync(id, draining, http.RequestAborted);
        return TypedResults.NoContent();
    }

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
