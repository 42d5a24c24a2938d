using System.Diagnostics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Start of a server whose database and bucket contain many recordings of many channels, with the journal objects of each. The journals are
/// those of recorded sessions that have ended; the media are missing, because no start reads them.
/// </summary>
internal static class FullStart
{
    private const int Segments = 30;
    private const double MaxReadySeconds = 5;
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(3);
    private static readonly DateTimeOffset FirstDay = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Prepares the data and measures the starts.</summary>
    public static async Task<Report> RunAsync(StartPlan plan, string shared, Action<string> progress)
    {
        var data = Path.Combine(shared, "full");
        Directory.CreateDirectory(data);
        await using var bucket = await MemoryBucket.StartAsync(plan.Latency);
        progress($"{plan.Recordings} recordings, {plan.Channels} channels, {plan.JournalObjects} journal objects");
        var sessions = Enumerable.Range(0, plan.Recordings).Select(number => SessionOf(plan, number)).ToList();
        for (var i = 0; i < sessions.Count; i++)
        {
            AddJournals(bucket, sessions[i], (plan.JournalObjects / plan.Recordings) + (i < plan.JournalObjects % plan.Recordings ? 1 : 0));
        }

        await using (var database = await BenchPostgres.StartAsync(data))
        {
            await FillAsync(database, plan, sessions);
        }

        var report = new Report(string.Create(CultureInfo.InvariantCulture,
            $"Start with {plan.Recordings} recordings, {plan.Channels} channels and {plan.JournalObjects} journal objects"), "one bucket in memory, each response delayed",
            [.. Enumerable.Range(1, plan.Rounds).Select(round => $"start {round}")]);
        var starts = new List<Figures>();
        for (var round = 0; round < plan.Rounds; round++)
        {
            starts.Add(await StartAsync(plan, data, bucket, progress));
        }

        report.Add("seconds until ready", Aim.Under(MaxReadySeconds, starts.Max(start => start.Ready)), Values(start => start.Ready));
        report.Add("CPU seconds until ready", Values(start => start.ReadyCpu));
        report.Add("MB of memory when ready", Values(start => start.ReadyBytes / 1e6));
        report.Add("lists until ready", Values(start => start.AtReady.Lists));
        report.Add("reads until ready", Values(start => start.AtReady.Gets));
        report.Add("steps that timed out", Aim.AtMost(0, starts.Max(start => start.Timeouts)), Values(start => start.Timeouts));
        report.Add("seconds until nothing is read any more", Values(start => start.Settled));
        report.Add("CPU seconds until then", Values(start => start.SettledCpu));
        report.Add("MB of memory then", Values(start => start.SettledBytes / 1e6));
        report.Add("lists until then", Values(start => start.AtEnd.Lists));
        report.Add("reads until then", Values(start => start.AtEnd.Gets));
        return report;

        double?[] Values(Func<Figures, double> select) => [.. starts.Select(start => (double?)select(start))];
    }

    private static async Task<Figures> StartAsync(StartPlan plan, string data, MemoryBucket bucket, Action<string> progress)
    {
        bucket.ResetCounts();
        var began = Stopwatch.GetTimestamp();
        await using var process = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "serve", "--data", data, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--rtmps",
                "127.0.0.1:0", "--internal", "127.0.0.1:0", "--json"], bucket.Environment);
        var meter = new ProcessMeter(process.Id);
        var ready = await process.WaitForJsonAsync(Timeout);
        var address = new Uri(new Uri(ready.GetProperty("internal").GetString()!), "/readyz");
        using (var http = new HttpClient())
        {
            await Poll.UntilAsync(async () => (await http.GetAsync(address)).IsSuccessStatusCode, Timeout, "the server is ready");
        }

        var figures = new Figures
        {
            Ready = Stopwatch.GetElapsedTime(began).TotalSeconds,
            ReadyCpu = meter.CpuSeconds,
            ReadyBytes = meter.ResidentBytes,
            AtReady = bucket.Requests,
        };
        progress(string.Create(CultureInfo.InvariantCulture, $"ready after {figures.Ready:0.0} s, {figures.ReadyCpu:0.0} s of CPU time"));

        // The rest happens in the background. Cleanups follow the expiry of playlists.
        var (last, lastAt, settledCpu) = (bucket.Requests, Stopwatch.GetTimestamp(), meter.CpuSeconds);
        while (Stopwatch.GetElapsedTime(lastAt) < QuietTime && Stopwatch.GetElapsedTime(began) < Timeout)
        {
            await Task.Delay(100);
            if (bucket.Requests is var now && now != last)
            {
                (last, lastAt, settledCpu) = (now, Stopwatch.GetTimestamp(), meter.CpuSeconds);
            }
        }

        figures = figures with
        {
            Settled = Stopwatch.GetElapsedTime(began, lastAt).TotalSeconds,
            SettledCpu = settledCpu,
            SettledBytes = meter.ResidentBytes,
            AtEnd = last,
            Timeouts = process.OutputLines.Concat(process.ErrorLines).Count(line =>
                line.Contains("No answer within", StringComparison.Ordinal) || line.Contains("did not answer", StringComparison.Ordinal)
                || line.Contains("canceled", StringComparison.OrdinalIgnoreCase)),
        };
        await process.TerminateAsync(TimeSpan.FromSeconds(60));
        foreach (var line in process.ErrorLines.Where(line => line.Contains("warn", StringComparison.OrdinalIgnoreCase)
            || line.Contains("fail", StringComparison.OrdinalIgnoreCase)).Take(5))
        {
            progress(line);
        }

        return figures;
    }

    private static BroadcastSession SessionOf(StartPlan plan, int number)
    {
        // A minute apart, so that the sessions of a channel follow each other.
        var start = FirstDay.AddMinutes(number);
        var channel = string.Create(CultureInfo.InvariantCulture, $"channel-{number % plan.Channels:D5}");
        return new BroadcastSession(ChannelName.Parse(channel), SessionId.New(start), 1, start, LatencyProfile.Standard)
        {
            IsRecorded = true,
        };
    }

    /// <summary>Adds the journal files of a session, of which the last one contains its end.</summary>
    private static void AddJournals(MemoryBucket bucket, BroadcastSession session, int count)
    {
        var names = ObjectNames.Of(session);
        var timeline = new SessionTimeline(session);
        timeline.Apply(new TimelineEvent.Started(session));
        timeline.Apply(new TimelineEvent.RenditionAdded("source", TrackKind.Video));
        timeline.Apply(new TimelineEvent.InitReady("source", 1,
            new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, 1280, 720, 30, 0, 0, null), names.Init("source", 1), 700));
        for (var number = 1; number <= Segments; number++)
        {
            var start = new MediaTime((number - 1) * 180_000, 90_000);
            timeline.Apply(new TimelineEvent.PartReady("source", number, 0, 1, start, new MediaTime(180_000, 90_000), true,
                session.StartedAt + start.ToTimeSpan(), names.Segment("source", number), 0, 500_000, 50_000, 1));
            timeline.Apply(new TimelineEvent.SegmentClosed("source", number));
        }

        // Without images, the server would try to make them.
        var layout = new SpriteSheetLayout(5, 1, 160, 90);
        for (var number = 1; number < Segments; number += layout.Columns)
        {
            var start = new MediaTime((number - 1) * 180_000, 90_000);
            timeline.Apply(new TimelineEvent.SpriteSheetReady(start, new MediaTime(900_000, 90_000), layout,
                names.SpriteSheet(start), 9000));
        }

        var posterTime = new MediaTime((Segments - 1) * 180_000, 90_000);
        timeline.Apply(new TimelineEvent.PosterReady(posterTime, 1280, 720, names.Poster(posterTime), 60_000));
        var running = JournalFile.Preamble(session.Channel, session.Id, 1, 1, timeline.Checkpoint());
        for (var number = 1; number < count; number++)
        {
            bucket.Add(names.Journal(1, number).Value, running);
        }

        timeline.Apply(new TimelineEvent.Ended("bench"));
        bucket.Add(names.Journal(1, count).Value,
        [
            .. JournalFile.Preamble(session.Channel, session.Id, 1, count, timeline.Checkpoint()),
            .. JournalFile.Trailer(JournalEnd.Ended),
        ]);
    }

    private static async Task FillAsync(BenchPostgres database, StartPlan plan, List<BroadcastSession> sessions)
    {
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO channels (name, title, ladder, latency, reconnect_window_seconds, created_at)
            SELECT 'channel-' || lpad(n::text, 5, '0'), 'Channel ' || n, 'passthrough', 'standard', 60, now()
            FROM generate_series(0, {plan.Channels - 1}) n;
            INSERT INTO stream_keys (id, channel_id, role, label, hash, created_at)
            SELECT lpad(id::text, 8, '0'), id, 'primary', '', sha256(name::bytea), now() FROM channels
            """));
        await database.ExecuteAsync("CREATE TABLE bench_sessions (id text, name text, started_at timestamptz)");
        await using (var connection = await database.Store.Source.OpenConnectionAsync())
        {
            await using var copy = await connection.BeginBinaryImportAsync(
                "COPY bench_sessions (id, name, started_at) FROM STDIN (FORMAT BINARY)");
            foreach (var session in sessions)
            {
                await copy.StartRowAsync();
                await copy.WriteAsync(session.Id.Value);
                await copy.WriteAsync(session.Channel.Value);
                await copy.WriteAsync(session.StartedAt.UtcDateTime, NpgsqlTypes.NpgsqlDbType.TimestampTz);
            }

            await copy.CompleteAsync();
        }

        // A trigger adds the recordings.
        await database.ExecuteAsync("""
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, last_publication_ended_at, ended_at, end_reason, recorded)
            SELECT s.id, c.id, 1, 'standard', s.started_at, s.started_at + interval '1 min', s.started_at + interval '1 min', 'bench', true
            FROM bench_sessions s JOIN channels c ON c.name = s.name;
            UPDATE recordings SET playable = true;
            DROP TABLE bench_sessions;
            ANALYZE
            """);
    }

    /// <summary>Measurements of one start.</summary>
    private sealed record Figures
    {
        public double Ready { get; init; }

        public double ReadyCpu { get; init; }

        public long ReadyBytes { get; init; }

        public BucketRequests AtReady { get; init; } = new(0, 0, 0);

        public int Timeouts { get; init; }

        public double Settled { get; init; }

        public double SettledCpu { get; init; }

        public long SettledBytes { get; init; }

        public BucketRequests AtEnd { get; init; } = new(0, 0, 0);
    }
}
