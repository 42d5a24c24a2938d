using System.CommandLine;
using System.Globalization;
using Broadcast.Control.Servers;

namespace Broadcast.Host.Commands;

/// <summary><c>server list</c>: the servers that share the database.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var list = new Command("list", "List the servers that share the database");
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var servers = await new ServerRepository(database).ListAsync(cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(servers.Select(s => new
                {
                    number = s.Number, name = s.Name, address = s.Address, roles = s.Roles, state = ServerRepository.NameOf(s.State),
                    sessions = s.Sessions, load = s.Load, version = s.Version, startedAt = s.StartedAt, lastSeenAt = s.LastSeenAt,
                }));
                return;
            }

            CommandOutput.PrintTable(["number", "name", "address", "roles", "state", "sessions", "load", "version", "last seen"],
                servers.Select(s => new[]
                {
                    s.Number.ToString(CultureInfo.InvariantCulture), s.Name, s.Address ?? "unknown", s.Roles,
                    ServerRepository.NameOf(s.State), s.Sessions.ToString(CultureInfo.InvariantCulture),
                    s.Load is { } load ? load.ToString("P0", CultureInfo.InvariantCulture) : "unknown", s.Version ?? "unknown",
                    $"{s.LastSeenAt:u}",
                }));
        }));
        return new Command("server", "List the servers that share the database") { list };
    }
}
