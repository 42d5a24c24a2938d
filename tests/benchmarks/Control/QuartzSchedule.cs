using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Punctuality of Quartz with the same number of planned times: its clustered job store on the same kind of PostgreSQL server, and two
/// processes, one of which is killed in the same way. Its job records its execution, the counterpart of going live in the product: one
/// committed statement.
/// </summary>
internal static class QuartzSchedule
{
    private const string Steady = "steady";
    private const string Killed = "killed";
    private const int Connections = 20;

    // Time for two processes to start, create the tables and store the triggers before the first due time.
    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(60);

    /// <summary>Time after the last planned time in which late triggers can still fire.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <summary>Check-in interval of nodes; half of the time until a dead node is detected. Quartz's default is 7.5 s.</summary>
    public static readonly TimeSpan Checkin = TimeSpan.FromSeconds(1);

    private const string Setting = $"""
        CREATE TABLE bench_plan (name text PRIMARY KEY, planned_at timestamptz NOT NULL);
        CREATE TABLE bench_fired (name text NOT NULL, fired_at timestamptz NOT NULL, fired_by text NOT NULL);
        CREATE FUNCTION bench_fire() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('{ScheduleWatch.Channel}', NEW.name || ' fired ' || NEW.fired_by);
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER bench_fire AFTER INSERT ON bench_fired FOR EACH ROW EXECUTE FUNCTION bench_fire();
        """;

    /// <summary>Runs the benchmark.</summary>
    public static async Task<ScheduleFigures> RunAsync(ControlPlan plan, string folder, Action<string> progress)
    {
        await using var postgres = await BenchPostgres.StartAsync(folder);
        await postgres.ExecuteAsync(Setting);
        var planned = await PlanAsync(plan, postgres);
        var last = planned.Values.Max();
        await using var steady = QuartzNode.Start(Steady, postgres.ConnectionString(Steady, Connections), Checkin, plans: true);
        await steady.WaitForJsonAsync(Start);
        await using var nodes =
            new Restarted(() => QuartzNode.Start(Killed, postgres.ConnectionString(Killed, Connections), Checkin, plans: false));
        await nodes.StartAsync();
        await using var watch = await ScheduleWatch.StartAsync(postgres.ConnectionString("watch", 2));
        progress(string.Create(CultureInfo.InvariantCulture,
            $"Quartz: {planned.Count} triggers from {planned.Values.Min():HH:mm:ss} to {last:HH:mm:ss}"));
        var kills = await RandomKills.RunAsync(plan.Seed, last, nodes.KillAsync, nodes.StartAsync);
        while (planned.Keys.Any(name => watch.FirstOf(name, "fired") is null) && TimeProvider.System.GetUtcNow() < last + Timeout)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        var fired = (await postgres.ReadAsync(
                "SELECT name, min(fired_at), count(*)::int FROM bench_fired GROUP BY name",
                r => (Name: r.GetString(0), At: new DateTimeOffset(r.GetFieldValue<DateTime>(1), TimeSpan.Zero), Times: r.GetInt32(2))))
            .ToDictionary(f => f.Name);
        return new ScheduleFigures(
            [.. planned.Where(p => fired.ContainsKey(p.Key)).Select(p => (fired[p.Key].At - p.Value).TotalMilliseconds)],
            [.. planned.Where(p => watch.FirstOf(p.Key, "fired") is not null)
                .Select(p => (watch.FirstOf(p.Key, "fired")!.Value - p.Value).TotalMilliseconds)],
            fired.Values.Sum(f => f.Times - 1),
            planned.Keys.Count(name => !fired.ContainsKey(name)),
            kills,
            watch.Received.Count(h => h.By == Killed));
    }

    private static async Task<Dictionary<string, DateTimeOffset>> PlanAsync(ControlPlan plan, BenchPostgres postgres)
    {
        var (planned, random) = (new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal), new Random(plan.Seed));
        var first = DateTimeOffset.FromUnixTimeMilliseconds((TimeProvider.System.GetUtcNow() + Lead).ToUnixTimeMilliseconds());
        for (var i = 0; i < plan.Events; i++)
        {
            var at = first + TimeSpan.FromMilliseconds(random.Next((int)plan.Spread.TotalMilliseconds));
            planned.Add($"event-{i}", at);
            await using var command = postgres.Store.Source.CreateCommand("INSERT INTO bench_plan (name, planned_at) VALUES ($1, $2)");
            command.Parameters.Add(new() { Value = $"event-{i}" });
            command.Parameters.Add(new() { Value = at.UtcDateTime });
            await command.ExecuteNonQueryAsync();
        }

        return planned;
    }

    /// <summary>A process that is killed and restarted.</summary>
    private sealed class Restarted(Func<ChildProcess> start) : IAsyncDisposable
    {
        private ChildProcess? _process;

        /// <summary>Starts the process and waits until it is ready.</summary>
        public async Task StartAsync()
        {
            await DisposeAsync();
            _process = start();
            await _process.WaitForJsonAsync(Start);
        }

        /// <summary>Sends SIGKILL to the process alone and waits until it has exited.</summary>
        public async Task KillAsync()
        {
            _process!.Kill();
            await _process.WaitForExitAsync(TimeSpan.FromSeconds(10));
        }

        public async ValueTask DisposeAsync()
        {
            if (_process is not null)
            {
                await _process.DisposeAsync();
                _process = null;
            }
        }
    }
}
