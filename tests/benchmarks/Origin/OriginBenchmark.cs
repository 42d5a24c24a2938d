using System.Globalization;
using System.Net.Http.Headers;

namespace Broadcast.Benchmarks;

/// <summary>Cost of delivery by part; <see cref="OriginPlan"/> selects the parts and their sizes.</summary>
internal static class OriginBenchmark
{
    private const double SegmentsAim = 0.8;
    private const double PlaylistsAim = 0.6;
    private const double HeldKibibytesAim = 20;
    private const int SegmentConnections = 8;
    private const int PlaylistConnections = 16;

    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(OriginPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        List<Exception> failures = [];
        foreach (var part in plan.Parts)
        {
            try
            {
                await (part switch
                {
                    "segments" => SegmentsAsync(plan, shared, reports, progress),
                    "playlists" => PlaylistsAsync(plan, shared, reports, progress),
                    _ => HeldAsync(plan, shared, reports, progress),
                });
            }
            catch (Exception e)
            {
                // The remaining parts still run: they take long and are independent.
                progress($"part {part} failed: {e.Message.Split('\n')[0]}");
                failures.Add(e);
            }
        }

        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }
    }

    private static async Task SegmentsAsync(OriginPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report("Segments of 1 MB over HTTP/1.1 from memory", "MB per second of server CPU",
            ["Broadcast", "nginx, sendfile", "ratio"]);
        reports.Add(report);
        var (ours, theirs) = await CompareAsync(
            plan, shared, $"{OriginOnlyHost.Rendition}/{OriginOnlyHost.Segments}.m4s", "segment.m4s", SegmentConnections,
            f => f.MegabytesPerCpuSecond, progress);
        report.Add($"{SegmentConnections} connections", Aim.AtLeast(SegmentsAim, ours / theirs).For("ratio"), ours, theirs, ours / theirs);
    }

    private static async Task PlaylistsAsync(OriginPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report("A media playlist over HTTP/1.1", "requests per second of server CPU",
            ["Broadcast", "nginx, sendfile", "ratio"]);
        reports.Add(report);
        var (ours, theirs) = await CompareAsync(plan, shared, $"{OriginOnlyHost.Rendition}.m3u8", "playlist.m3u8", PlaylistConnections,
            f => f.RequestsPerCpuSecond, progress);
        report.Add($"{PlaylistConnections} connections", Aim.AtLeast(PlaylistsAim, ours / theirs).For("ratio"), ours, theirs,
            ours / theirs);
    }

    /// <summary>Requests the same bytes from both servers, alternating in rounds.</summary>
    private static async Task<(double Ours, double Theirs)> CompareAsync(
        OriginPlan plan, string shared, string path, string file, int connections, Func<RateFigures, double> figure,
        Action<string> progress)
    {
        List<double> ours = [], theirs = [];
        await using var server = await OriginOnlyServer.StartAsync(shared, isLive: false);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        var bytes = await client.GetByteArrayAsync(new Uri(server.Session + path, UriKind.Relative));
        await using var nginx = await NginxFiles.StartAsync(shared, (file, bytes));
        progress($"{file}: {bytes.Length} bytes");
        await HttpRate.MeasureAsync(server.Port, server.Session + path, connections, TimeSpan.FromSeconds(3), [server.Process]);
        for (var round = 1; round <= plan.Rounds; round++)
        {
            var a = await HttpRate.MeasureAsync(server.Port, server.Session + path, connections, plan.Measured, [server.Process]);
            progress($"{file}, round {round} of {plan.Rounds}: Broadcast {a}");
            var b = await HttpRate.MeasureAsync(nginx.Port, "/" + file, connections, plan.Measured, nginx.Processes);
            progress($"{file}, round {round} of {plan.Rounds}: nginx {b}");
            ours.Add(figure(a));
            theirs.Add(figure(b));
        }

        return (Sample.Median(ours), Sample.Median(theirs));
    }

    private static async Task HeldAsync(OriginPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report("Players that hold requests for the same part, one part per second", "see columns",
            ["delay p50, ms", "delay p99, ms", "KiB each", "server CPU per part, ms", "players' CPU per part, ms"]);
        reports.Add(report);
        foreach (var players in plan.Players)
        {
            List<HeldFigures> rounds = [];
            for (var round = 1; round <= plan.Rounds; round++)
            {
                await using var server = await OriginOnlyServer.StartAsync(shared, isLive: true);
                rounds.Add(await HeldPlayers.MeasureAsync(server, plan.Wait, players, plan.Measured));
                progress($"{players} players, round {round} of {plan.Rounds}: {rounds[^1]}");
            }

            var memory = Sample.Median(rounds.Select(r => r.Kibibytes));
            report.Add(
                string.Create(CultureInfo.InvariantCulture, $"{players:#,0} players"),
                players >= 1000 ? Aim.Under(HeldKibibytesAim, memory).For("KiB each") : Aim.None,
                Sample.Median(rounds.Select(r => Sample.Median(r.Delays))),
                Sample.Median(rounds.Select(r => Sample.Percentile(r.Delays, 0.99))), memory,
                Sample.Median(rounds.Select(r => r.CpuMilliseconds)), Sample.Median(rounds.Select(r => r.GeneratorCpuMilliseconds)));
        }
    }
}
