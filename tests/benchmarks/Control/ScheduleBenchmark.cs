using System.Globalization;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Npgsql;

namespace Broadcast.Benchmarks;

/// <summary>
/// Punctuality of opening, starting and ending events with two servers on one database, one of which is killed at random instants and
/// restarted. Encoders are simulated: shortly before an event's start, a row in <c>sessions</c> shows both servers that a third one has the
/// event's encoder. The benchmark therefore measures the schedule and not the connection time of encoders.
/// </summary>
internal static class ScheduleBenchmark
{
    private const string Ours = "Broadcast";
    private const string Peer = "Quartz 4.7.3";
    private const string First = "planned to live, or fired, p50";
    private const string Steady = "steady";
    private const string Killed = "killed";
    private const double Late = 1000;

    /// <summary>Connections of each server; PostgreSQL allows a hundred.</summary>
    private const int Connections = 30;

    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Preview = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EncoderBefore = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan EncoderAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    // Trigger that notifies each step, including repeated ones. The webhook is leased for a day to an absent owner, so its deliveries are
    // written and never sent.
    private const string Setting = $"""
        CREATE FUNCTION bench_step() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('{ScheduleWatch.Channel}', NEW.id || ' ' || NEW.state || ' ' || current_setting('application_name'));
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER bench_step AFTER UPDATE OF state ON events FOR EACH ROW EXECUTE FUNCTION bench_step();
        INSERT INTO webhooks (id, url, label, types, channels, secret, enabled, created_at, lease, leased_until)
        VALUES ('benchmrk', 'https://192.0.2.1/', '', ARRAY[]::text[], ARRAY[]::text[], 'never sent, never signed with', true, now(),
            gen_random_uuid(), now() + interval '1 day');
        """;

    private const string Doubles = """
        SELECT greatest(
            (SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM event_history GROUP BY event_id, state) s),
            (SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM webhook_events WHERE type LIKE 'event.%' GROUP BY type,
            body::jsonb -> 'data' ->> 'event') w),
            (SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM audit_log WHERE action IN ('event.preview', 'event.start',
            'event.end') GROUP BY action, subject) a))::int
        """;

    private const string Steps = """
        SELECT e.id, (SELECT min(s.at) FROM event_history s WHERE s.event_id = e.id AND s.state = 'preview'), e.went_live_at, e.ended_at,
            (SELECT count(DISTINCT w.type) FROM webhook_events w WHERE w.type LIKE 'event.%'
            AND w.body::jsonb -> 'data' ->> 'event' = e.id)::int
        FROM events e
        """;

    /// <summary>Runs the benchmark.</summary>
    public static async Task RunAsync(ControlPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        string[] columns = [Ours, Peer];
        var report = new Report(
            string.Create(CultureInfo.InvariantCulture,
                $"{plan.Events} planned times in {plan.Spread.TotalSeconds:0} s, two processes on one database, one killed at random instants"), "milliseconds, and counts", columns);
        reports.Add(report);
        var ours = await OursAsync(plan, Path.Combine(shared, "schedule"), progress);
        progress($"{Ours}: {ours}");
        ScheduleFigures? theirs = null;
        try
        {
            theirs = await QuartzSchedule.RunAsync(plan, Path.Combine(shared, "quartz"), progress);
            progress($"{Peer}: {theirs}");
        }
        catch (Exception e)
        {
            // The product's own results took long to measure and remain valid.
            progress($"{Peer}: {e}");
            report.CouldNot(First, Peer, e.Message);
        }

        AddRows(report, [ours, theirs]);
    }

    /// <summary>Adds the same rows for each column; aims apply to the first column.</summary>
    private static void AddRows(Report report, IReadOnlyList<ScheduleFigures?> all)
    {
        Row(First, f => ScheduleFigures.Percentile(f.Decided, 0.5));
        Row("planned to live, or fired, p99", f => ScheduleFigures.Percentile(f.Decided, 0.99), v => Aim.Under(Late, v));
        Row("planned to live, or fired, maximum", f => ScheduleFigures.Percentile(f.Decided, 1));
        Row("planned to notification of another process, p50", f => ScheduleFigures.Percentile(f.Received, 0.5));
        Row("planned to notification of another process, p99", f => ScheduleFigures.Percentile(f.Received, 0.99), v => Aim.Under(Late, v));
        Row("planned to notification of another process, maximum", f => ScheduleFigures.Percentile(f.Received, 1));
        Row("later than a second", f => f.Received.Count(h => h > Late));
        foreach (var other in all[0]?.Others.Keys ?? [])
        {
            Row($"planned to {other}, p99", f => f.Others.TryGetValue(other, out var values)
                ? ScheduleFigures.Percentile(values, 0.99) : null);
            Row($"planned to {other}, maximum", f => f.Others.TryGetValue(other, out var values)
                ? ScheduleFigures.Percentile(values, 1) : null);
        }

        Row("done twice", f => f.Doubles, v => Aim.AtMost(0, v));
        Row("never done", f => f.Misses, v => Aim.AtMost(0, v));
        Row("kills", f => f.Kills);
        Row("done by the process that was killed", f => f.ByTheKilled);

        void Row(string name, Func<ScheduleFigures, double?> figure, Func<double?, Aim>? aim = null)
        {
            double?[] values = [.. all.Select(f => f is null ? null : figure(f))];
            report.Add(name, aim?.Invoke(values[0]) ?? Aim.None, values);
        }
    }

    private static async Task<ScheduleFigures> OursAsync(ControlPlan plan, string folder, Action<string> progress)
    {
        await using var postgres = await BenchPostgres.StartAsync(folder);
        await postgres.ExecuteAsync(Setting);
        progress("two servers start on one database");
        await using var steady = await BroadcastServer.StartAsync(environment: Environment(Steady));
        await using var killed = await BroadcastServer.StartAsync(environment: Environment(Killed));
        await using var watch = await ScheduleWatch.StartAsync(postgres.ConnectionString("watch", 2));
        var channels = new ChannelRepository(postgres.Store, TimeProvider.System);
        for (var i = 0; i < plan.Events; i++)
        {
            // The window is long, so that a restarted server does not end the sessions whose encoders it cannot know.
            await channels.CreateAsync($"bench-{i}", new ChannelSettings(ReconnectWindow: TimeSpan.FromHours(24)) { Record = false });
        }

        var events = await PlanAsync(plan, postgres.Store);
        var last = events.Max(e => e.EndsAt);
        progress(string.Create(CultureInfo.InvariantCulture,
            $"{events.Count} events from {events.Min(e => e.StartsAt):HH:mm:ss}, the last one ends at {last:HH:mm:ss}"));
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString("encoders", 10));
        var encoders = events.Select(e => PlayEncoderAsync(e, source, watch)).ToList();
        var kills = await RandomKills.RunAsync(plan.Seed, last, killed.Kill, killed.RestartAsync);
        await Task.WhenAll(encoders);
        await SettleAsync(() => events.All(e => watch.FirstOf(e.Id, "ended") is not null), last + Timeout);
        var doubles = (await postgres.ReadAsync(Doubles, r => r.GetInt32(0))).Single();
        var rows = (await postgres.ReadAsync(
            Steps, r => (Id: r.GetString(0), Preview: At(r, 1), Live: At(r, 2), Ended: At(r, 3), Notices: r.GetInt32(4)))).ToDictionary(r =>
            r.Id);
        var unannounced = rows.Values.Count(r => r.Notices < 3);
        if (unannounced > 0)
        {
            progress($"{unannounced} events lack an outbox row for one of their three steps");
        }

        return new ScheduleFigures(
            Behind(events.Select(e => (e.StartsAt, rows[e.Id].Live))),
            Behind(events.Select(e => (e.StartsAt, watch.FirstOf(e.Id, "live")))),
            Math.Max(doubles, watch.Repeated),
            rows.Values.Sum(r => (r.Preview is null ? 1 : 0) + (r.Live is null ? 1 : 0) + (r.Ended is null ? 1 : 0)) + unannounced,
            kills,
            watch.Received.Count(h => h.Step == "live" && h.By == Killed))
        {
            Others = new Dictionary<string, IReadOnlyList<double>>
            {
                ["preview"] = Behind(events.Select(e => (e.StartsAt - Preview, rows[e.Id].Preview))),
                ["end"] = Behind(events.Select(e => (e.EndsAt, rows[e.Id].Ended))),
            },
        };

        Dictionary<string, string?> Environment(string name) => new()
        {
            ["BROADCAST__Database__ConnectionString"] = postgres.ConnectionString(name, Connections),
            ["BROADCAST__Slate__Enabled"] = "false",
        };
    }

    /// <summary>Creates one event of one minute on each channel, at random starts.</summary>
    private static async Task<List<EventInfo>> PlanAsync(ControlPlan plan, ServerDatabase store)
    {
        var (directory, random, events) = (new EventRepository(store, TimeProvider.System), new Random(plan.Seed), new List<EventInfo>());
        var first = DateTimeOffset.FromUnixTimeMilliseconds((TimeProvider.System.GetUtcNow() + Lead).ToUnixTimeMilliseconds());
        for (var i = 0; i < plan.Events; i++)
        {
            var start = first + TimeSpan.FromMilliseconds(random.Next((int)plan.Spread.TotalMilliseconds));
            events.Add(await directory.CreateAsync(new EventSettings
            {
                Title = $"Event {i}", Channel = $"bench-{i}", Start = EventTime.At(start),
                End = EventTime.At(start + EventRules.MinDuration), Preview = Preview, Grace = TimeSpan.Zero, Record = "off",
            }));
        }

        return events;
    }

    /// <summary>
    /// Creates a session shortly before the event's start, as if a third server had its encoder, and ends it shortly after the event went
    /// live.
    /// </summary>
    private static async Task PlayEncoderAsync(EventInfo planned, NpgsqlDataSource source, ScheduleWatch watch)
    {
        if (planned.StartsAt - EncoderBefore - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait, TimeProvider.System);
        }

        var now = TimeProvider.System.GetUtcNow();
        var session = SessionId.New(now).Value;
        await using (var begin = source.CreateCommand(
            "INSERT INTO sessions (id, channel_id, epoch, latency, started_at) SELECT $1, id, 1, 'standard', $2 FROM channels WHERE name "
            + "= $3"))
        {
            begin.Parameters.Add(new() { Value = session });
            begin.Parameters.Add(new() { Value = now.UtcDateTime });
            begin.Parameters.Add(new() { Value = planned.Channel });
            await begin.ExecuteNonQueryAsync();
        }

        await SettleAsync(() => watch.FirstOf(planned.Id, "live") is not null, planned.EndsAt);
        await Task.Delay(EncoderAfter, TimeProvider.System);
        await using var end = source.CreateCommand(
            "UPDATE sessions SET ended_at = $2, end_reason = 'the encoder is gone' WHERE id = $1 AND ended_at IS NULL");
        end.Parameters.Add(new() { Value = session });
        end.Parameters.Add(new() { Value = TimeProvider.System.GetUtcNow().UtcDateTime });
        await end.ExecuteNonQueryAsync();
    }

    /// <summary>Waits for a condition until a given time.</summary>
    private static async Task SettleAsync(Func<bool> isSo, DateTimeOffset atMost)
    {
        while (!isSo() && atMost - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } left)
        {
            await Task.Delay(left < TimeSpan.FromMilliseconds(100) ? left : TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private static List<double> Behind(IEnumerable<(DateTimeOffset Planned, DateTimeOffset? Done)> times) =>
        [.. times.Where(t => t.Done is not null).Select(t => (t.Done!.Value - t.Planned).TotalMilliseconds)];

    private static DateTimeOffset? At(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : new DateTimeOffset(row.GetFieldValue<DateTime>(column), TimeSpan.Zero);
}
