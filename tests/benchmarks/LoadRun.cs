using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Resources of a server under real-time publishers.</summary>
/// <param name="CpuMilliseconds">CPU time per second of one stream, in milliseconds.</param>
/// <param name="ResidentBytes">Resident memory at the end.</param>
/// <param name="MediaBytes">Media held in memory at the end, if the server reports it.</param>
/// <param name="Problem">
/// Reason for missing figures: the machine or the server could not sustain the load. <see langword="null"/> on success.
/// </param>
internal sealed record LoadFigures(double CpuMilliseconds, long ResidentBytes, double? MediaBytes, string? Problem)
{
    public override string ToString() => Problem
        ?? string.Create(CultureInfo.InvariantCulture, $"{CpuMilliseconds:0.00} ms per stream-second, {ResidentBytes / 1e6:0} MB");
}

/// <summary>
/// Real-time publishers from <c>broadcast load publish</c>, a separate process that does not count; measures the server after a warm-up.
/// Servers run for hours, and .NET compiles its hottest code in the first seconds of load.
/// </summary>
/// <param name="folder">Folder for the list of addresses.</param>
/// <param name="warmUp">Warm-up after all publishers have connected.</param>
/// <param name="measured">Duration of the measurement.</param>
internal sealed class LoadRun(string folder, TimeSpan warmUp, TimeSpan measured)
{
    private const double ConnectionsPerSecond = 50;
    private const double LeastShareOfFrames = 0.97;

    /// <summary>Tolerance: a window of some seconds differs from the file's average.</summary>
    private const double LeastShareOfBytes = 0.9;

    private static readonly TimeSpan MostBehind = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestRamp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(60);

    /// <summary>Total duration of a run.</summary>
    public TimeSpan LengthFor(int publishers) => Ramp(publishers) + warmUp + measured;

    /// <summary>Runs the measurement.</summary>
    /// <param name="server">Server under test.</param>
    /// <param name="targets">One address per publisher.</param>
    /// <param name="source">Source of all publishers.</param>
    /// <param name="chunkSize">Chunk size in bytes; by default the load generator's own.</param>
    public async Task<LoadFigures> MeasureAsync(IServerUnderTest server, IReadOnlyList<RtmpTarget> targets, SourceFile source,
        int? chunkSize = null)
    {
        var addresses = Path.Combine(folder, "addresses");
        await File.WriteAllLinesAsync(addresses, targets.Select(t => $"{t}/{t.StreamKey}"));
        var seconds = LengthFor(targets.Count).TotalSeconds + 60;
        var rate = Math.Max(ConnectionsPerSecond, targets.Count / LongestRamp.TotalSeconds);
        await using var load = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "load", "publish", "--file", source.Path, "--urls", addresses, "--seconds", Number(seconds),
                "--rate", Number(rate),
             .. chunkSize is { } size ? ["--chunk-size", Number(size)] : Array.Empty<string>(), "--json"]);
        await Task.Delay(Ramp(targets.Count) + warmUp);
        try
        {
            var before = await server.CountAsync();
            var began = Stopwatch.GetTimestamp();
            var meter = new ProcessMeter(server.Processes);
            await Task.Delay(measured);
            var (cpu, wall, resident) = (meter.CpuSeconds, meter.WallSeconds, meter.ResidentBytes);
            var after = await server.CountAsync();
            var shortfall = Shortfall(before, after, source, targets.Count * Stopwatch.GetElapsedTime(began).TotalSeconds);
            var ended = load.HasExited;
            load.Signal(UnixSignal.Terminate);
            string[] problems =
                [.. new[] { shortfall, Complaint(await load.WaitForJsonAsync(Farewell), targets.Count, ended) }.OfType<string>()];
            return new LoadFigures(cpu * 1000 / wall / targets.Count, resident, after.MediaBytes,
                problems.Length > 0 ? string.Join(", and ", problems) : null);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidOperationException or TimeoutException
            or TaskCanceledException)
        {
            return new LoadFigures(0, 0, null, $"the server or the load generator failed: {e.Message.Split('\n')[0]}");
        }
    }

    private static TimeSpan Ramp(int publishers) =>
        TimeSpan.FromSeconds(1) + TimeSpan.FromSeconds(Math.Min(publishers / ConnectionsPerSecond, LongestRamp.TotalSeconds));

    /// <summary>Returns a problem of the load generator, or null.</summary>
    private static string? Complaint(JsonElement report, int asked, bool endedEarly)
    {
        var (failed, accepted) = (report.GetProperty("failed").GetInt32(), report.GetProperty("accepted").GetInt32());
        if (failed > 0 || accepted < asked)
        {
            var error = report.GetProperty("errors").EnumerateArray().Select(e => e.GetString()).FirstOrDefault()
                ?? "not connected in time";
            return $"{Math.Max(failed, asked - accepted)} of {asked} publishers were rejected or lost ({error})";
        }

        var behind = TimeSpan.FromMilliseconds(report.GetProperty("behind").GetDouble());
        return endedEarly ? "the load generator ended early"
            : behind > MostBehind ? string.Create(CultureInfo.InvariantCulture,
                $"the load generator fell {behind.TotalSeconds:0.0} s behind its clock")
            : null;
    }

    /// <summary>Returns a problem of the server: missing or lost media.</summary>
    private static string? Shortfall(ServerCounts before, ServerCounts after, SourceFile source, double streamSeconds)
    {
        if (after.Dropped - before.Dropped is > 0 and var dropped)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the server dropped {dropped:0} frames");
        }

        var (share, least, what) = after.Frames - before.Frames is { } frames
            ? (frames / source.FramesPerSecond / streamSeconds, LeastShareOfFrames, "frames")
            : ((after.Bytes - before.Bytes) / source.BytesPerSecond / streamSeconds, LeastShareOfBytes, "bytes");
        return share < least ? string.Create(CultureInfo.InvariantCulture,
            $"the server received only {share * 100:0} % of the {what} due in that time") : null;
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
