using System.Globalization;
using Broadcast.Testing;
using Npgsql;

namespace Broadcast.Benchmarks;

/// <summary>
/// CPU time of two servers per stream-second, traffic to mirrors, and database statements, in three phases on the same sessions: their
/// encoders at the owner, the same with a mirror of each session at the other server, and their encoders at the other server.
/// </summary>
internal static class ClusterCost
{
    private const string Idle = "No channel on air";
    private const string Direct = "Encoders at the owner";
    private const string Mirrored = "… and mirrors at the other server";
    private const string Forwarded = "Encoders at the other server";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly string[] Phases = [Idle, Direct, Mirrored, Forwarded];

    /// <summary>Measures all rounds.</summary>
    public static async Task RunAsync(ClusterPlan plan, string shared, SourceFile source, List<Report> reports, Action<string> progress)
    {
        Dictionary<string, List<Figures>> rounds = Phases.ToDictionary(phase => phase, _ => new List<Figures>());
        for (var round = 1; round <= plan.Rounds; round++)
        {
            foreach (var (phase, figures) in await RoundAsync(plan, shared, source))
            {
                rounds[phase].Add(figures);
                progress(string.Create(CultureInfo.InvariantCulture,
                    $"round {round} of {plan.Rounds}, {phase}: owner {figures.Owner:0.0}, other {figures.Other:0.0} ms per stream-second, ")
                    + string.Create(CultureInfo.InvariantCulture, $"{figures.Statements:0.0} statements per server-second"));
            }
        }

        var cpu = new Report($"Server CPU, {plan.Streams} streams of 2.5 Mbit/s", "milliseconds per stream-second",
            ["owner", "other server"]);
        foreach (var phase in Phases[1..])
        {
            cpu.Add(phase, Of(phase, f => f.Owner), Of(phase, f => f.Other));
        }

        cpu.Add("A mirror costs", Of(Mirrored, f => f.Owner) - Of(Direct, f => f.Owner),
            Of(Mirrored, f => f.Other) - Of(Direct, f => f.Other));
        cpu.Add("Forwarding costs, beside the mirror", Of(Forwarded, f => f.Owner) - Of(Mirrored, f => f.Owner),
            Of(Forwarded, f => f.Other) - Of(Mirrored, f => f.Other));
        var sent = new Report("Traffic from the owner to the other server", "Mbit/s per stream",
            ["sent", "of the encoder's bit rate, percent"]);
        foreach (var phase in Phases[1..])
        {
            var megabits = Of(phase, f => f.Sent);
            sent.Add(phase, megabits, megabits * 100 / (source.BytesPerSecond * 8 / 1e6));
        }

        var statements = new Report("Database", "per server and second", ["statements", "transactions"]);
        foreach (var phase in Phases)
        {
            statements.Add(phase, Of(phase, f => f.Statements), Of(phase, f => f.Transactions));
        }

        reports.AddRange([cpu, sent, statements]);

        double Of(string phase, Func<Figures, double> figure) => Sample.Median(rounds[phase].Select(figure));
    }

    private static async Task<List<(string Phase, Figures Figures)>> RoundAsync(ClusterPlan plan, string shared, SourceFile source)
    {
        await using var cluster = await BroadcastCluster.StartAsync(2, ClusterBenchmark.Options,
            database: "shared_preload_libraries=pg_stat_statements");
        await using var database = NpgsqlDataSource.Create(cluster.Database.ConnectionString);
        await using (var create = database.CreateCommand("CREATE EXTENSION pg_stat_statements"))
        {
            await create.ExecuteNonQueryAsync();
        }

        var (owner, other) = (cluster.Servers[0], cluster.Servers[1]);
        var meter = new ClusterMeter(cluster, database, plan);
        List<(string, Figures)> results = [];
        await Task.Delay(plan.WarmUp, TimeProvider.System);
        results.Add((Idle, await meter.MeasureAsync()));
        var keys = new List<CreatedChannel>();
        for (var i = 1; i <= plan.Streams; i++)
        {
            keys.Add(await owner.AddChannelAsync($"cost-{i}", new { record = false, reconnectWindowSeconds = 300 }));
        }

        await using (await PublishAsync(owner, keys, shared, source))
        {
            await OnAirAsync(owner, keys);
            await Task.Delay(plan.WarmUp, TimeProvider.System);
            results.Add((Direct, await meter.MeasureAsync()));
            await OnAirAsync(other, keys);
            await Task.Delay(plan.WarmUp, TimeProvider.System);
            await OnAirAsync(other, keys);
            results.Add((Mirrored, await meter.MeasureAsync()));
        }

        await using (await PublishAsync(other, keys, shared, source))
        {
            await Task.Delay(plan.WarmUp, TimeProvider.System);
            await OnAirAsync(other, keys);
            results.Add((Forwarded, await meter.MeasureAsync()));
            if ((await MetricsPage.ReadAsync(other.Internal)).Sum("broadcast_cluster_mirrors") < plan.Streams)
            {
                throw new InvalidDataException("Not all encoders are forwarded.");
            }
        }

        return results;
    }

    private static async Task<ChildProcess> PublishAsync(BroadcastServer server, List<CreatedChannel> keys, string shared,
        SourceFile source)
    {
        var addresses = Path.Combine(shared, "cluster-addresses");
        await File.WriteAllLinesAsync(addresses, keys.Select(server.PublishUrl));
        return ChildProcess.Start("dotnet", [Repository.ServerProgram(), "load", "publish", "--file", source.Path, "--urls", addresses,
            "--seconds", "3600", "--rate", "20", "--json"]);
    }

    private static async Task OnAirAsync(BroadcastServer server, List<CreatedChannel> channels)
    {
        foreach (var channel in channels)
        {
            await Poll.UntilAsync(async () => (await server.Client.GetAsync(server.Hls(channel.Name))).IsSuccessStatusCode, StartTimeout,
                $"{channel.Name} is on air");
        }
    }

    /// <summary>Figures of a phase.</summary>
    /// <param name="Owner">CPU of the owner, milliseconds per stream-second.</param>
    /// <param name="Other">CPU of the other server.</param>
    /// <param name="Sent">Traffic from the owner's internal port, in Mbit/s per stream.</param>
    /// <param name="Statements">Database statements per server and second.</param>
    /// <param name="Transactions">Database transactions per server and second.</param>
    private sealed record Figures(double Owner, double Other, double Sent, double Statements, double Transactions);

    private sealed class ClusterMeter(BroadcastCluster cluster, NpgsqlDataSource database, ClusterPlan plan)
    {
        public async Task<Figures> MeasureAsync()
        {
            var (owner, other) = (cluster.Servers[0], cluster.Servers[1]);
            var sent = await SentAsync(owner);
            var (statements, transactions) = await CountAsync();
            ProcessMeter first = new(owner.Process.Id), second = new(other.Process.Id);
            await Task.Delay(plan.Measured, TimeProvider.System);
            var (atOwner, atOther, seconds) = (first.CpuSeconds, second.CpuSeconds, first.WallSeconds);
            var (statementsAfter, transactionsAfter) = await CountAsync();
            var sentAfter = await SentAsync(owner);
            var streams = seconds * plan.Streams;
            var servers = seconds * cluster.Servers.Count;
            return new Figures(atOwner * 1000 / streams, atOther * 1000 / streams, (sentAfter - sent) * 8 / 1e6 / streams,
                (statementsAfter - statements) / servers, (transactionsAfter - transactions) / servers);
        }

        /// <summary>Counts the statements and transactions so far, without those of this class.</summary>
        private async Task<(double Statements, double Transactions)> CountAsync()
        {
            await using var command = database.CreateCommand("""
                SELECT (SELECT coalesce(sum(calls), 0)::float8 FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'),
                    (SELECT (xact_commit + xact_rollback)::float8 FROM pg_stat_database WHERE datname = current_database())
                """);
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            return (reader.GetDouble(0), reader.GetDouble(1));
        }

        /// <summary>Sums the bytes that the open connections of a server's internal port have sent.</summary>
        private static async Task<double> SentAsync(BroadcastServer server)
        {
            var sockets = (await ChildProcess.RunAsync("ss", ["-tinH", "state", "established", "sport", "=",
                string.Create(CultureInfo.InvariantCulture, $":{server.Internal.Port}")])).EnsureSuccess().Output;
            return sockets.Split([' ', '\n']).Where(field => field.StartsWith("bytes_sent:", StringComparison.Ordinal))
                .Sum(field => double.Parse(field["bytes_sent:".Length..], CultureInfo.InvariantCulture));
        }
    }
}
