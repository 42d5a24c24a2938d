using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Control.Servers;
using Broadcast.Database;

namespace Broadcast.Host.Commands;

/// <summary><c>server list</c>: the servers that share the database.</summary>
internal static class ServerCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var list = new Command("list", "List the servers that share the database");
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var servers = await new ServerRepository(database, TimeProvider.System).ListAsync(cancellationToken);
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
        return new Command("server", "List and drain the servers that share the database")
        {
            list,
            CreateDrain(),
            CreateUndrain(),
        };
    }

    private static Command CreateDrain()
    {
        var (number, wait) = (Number(), new Option<int>("--wait")
        {
            Description = "Seconds to wait until the server has handed over its sessions, 0 to 3600", HelpName = "SECONDS",
            DefaultValueFactory = _ => 60,
        });
        wait.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 3600)
            {
                result.AddError("--wait must be between 0 and 3600.");
            }
        });
        var drain = new Command("drain",
            "Hand the sessions of a server over to other servers, so that it can be stopped. It takes no others until it restarts")
            { number, wait };
        drain.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var (servers, id) = (new ServerRepository(database, TimeProvider.System), parsed.GetValue(number));
            await servers.SetDrainingAsync(id, true, cancellationToken);
            var until = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(parsed.GetValue(wait));
            int sessions;
            while ((sessions = await CountAsync(servers, id, cancellationToken)) > 0 && TimeProvider.System.GetUtcNow() < until)
            {
                await Task.Delay(PollInterval, cancellationToken);
            }

            if (sessions > 0 && parsed.GetValue(wait) > 0)
            {
                throw new OperationException(OperationErrorCode.Conflict,
                    $"Server {id} still has {Count(sessions)} after {parsed.GetValue(wait)} s. Another server with the role media must be running; "
                    + "the logs say why it does not take them.");
            }

            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(new { number = id, sessions });
            }
            else
            {
                Console.WriteLine(sessions == 0 ? $"Server {id} has no sessions. It can be stopped."
                    : $"Server {id} hands over {Count(sessions)}.");
            }
        }));
        return drain;
    }

    private static Command CreateUndrain()
    {
        var number = Number();
        var undrain = new Command("undrain", "Let a drained server take sessions again") { number };
        undrain.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var id = parsed.GetValue(number);
            await new ServerRepository(database, TimeProvider.System).SetDrainingAsync(id, false, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(new { number = id });
            }
            else
            {
                Console.WriteLine($"Server {id} takes sessions again.");
            }
        }));
        return undrain;
    }

    private static string Count(int sessions) => sessions == 1 ? "1 session" : $"{sessions} sessions";

    private static Argument<int> Number() => new("NUMBER") { Description = "Number of the server, from 'server list'" };

    private static async Task<int> CountAsync(ServerRepository servers, int number, CancellationToken cancellationToken) =>
        (await servers.ListAsync(cancellationToken)).FirstOrDefault(server => server.Number == number)?.Sessions ?? 0;
}
