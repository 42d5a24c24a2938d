using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A rendition as a player receives it: all listed segments, downloaded and decoded.</summary>
/// <param name="View">The playlist.</param>
/// <param name="Runs">Periods between its discontinuities, in order.</param>
internal sealed record DecodedRendition(HlsView View, IReadOnlyList<DecodedPeriod> Runs)
{
    /// <summary>All available segments, in order.</summary>
    public IEnumerable<DecodedSegment> Segments => Runs.SelectMany(r => r.Segments);

    /// <summary>Numbers of the segments after a discontinuity.</summary>
    public IEnumerable<long> Discontinuities => View.Segments.Select((s, i) => (s.Discontinuity, Number: View.Sequence + i))
        .Where(s => s.Discontinuity).Select(s => s.Number);

    /// <summary>Numbers of the segments that are gaps.</summary>
    public IEnumerable<long> Gaps => View.Segments.Select((s, i) => (s.Gap, Number: View.Sequence + i)).Where(s => s.Gap)
        .Select(s => s.Number);

    /// <summary>The playlist in one line, for failure messages.</summary>
    public string Notified => string.Join(' ', View.Segments.Select((s, i) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(s.Discontinuity ? "| " : "")}{View.Sequence + i}{(s.Gap ? " gap" : "")} {s.WallClock:ss.fff}+{s.Duration:0.000}")));

    /// <summary>Downloads and decodes the rendition.</summary>
    public static async Task<DecodedRendition> ReadAsync(BroadcastServer server, string channel, string rendition)
    {
        var view = await HlsView.ReadAsync(server, channel, rendition)
            ?? throw new InvalidOperationException($"There is no rendition {rendition}.");
        var playlist = new Uri(server.Http, $"/live/{channel}/{view.Session}/{rendition}.m3u8");
        var runs = new List<DecodedPeriod>();
        List<(long Number, HlsSegment Entry)> listed = [];
        foreach (var entry in view.Segments.Select((s, i) => (view.Sequence + i, s)))
        {
            if (listed.Count > 0 && (entry.s.Discontinuity || entry.s.Map != listed[0].Entry.Map))
            {
                runs.Add(await DecodedPeriod.ReadAsync(server, playlist, listed));
                listed = [];
            }

            if (!entry.s.Gap)
            {
                listed.Add(entry);
            }
        }

        if (listed.Count > 0)
        {
            runs.Add(await DecodedPeriod.ReadAsync(server, playlist, listed));
        }

        return new DecodedRendition(view, runs);
    }
}

/// <summary>Consecutively decoded segments.</summary>
/// <param name="Segments">Segments with their samples.</param>
/// <param name="Stream">Stream properties from ffprobe.</param>
/// <param name="Complaints">ffmpeg's errors while decoding; empty if there were none.</param>
/// <param name="Decoded">One RGB pixel per frame, or 8,000 samples of 16 bits per second.</param>
internal sealed record DecodedPeriod(IReadOnlyList<DecodedSegment> Segments, JsonElement Stream, string Complaints, byte[] Decoded)
{
    private const int SamplesOfStep = 800;

    /// <summary>All samples in presentation order.</summary>
    public IReadOnlyList<WatchedSample> Samples => [.. Segments.SelectMany(s => s.Samples).OrderBy(s => s.Time)];

    /// <summary>Seconds per tick of the samples' timestamps.</summary>
    public double Tick => 1.0 / int.Parse(Text("time_base").Split('/')[1], CultureInfo.InvariantCulture);

    /// <summary>Mean color of each decoded frame.</summary>
    public IEnumerable<string> Colors => Decoded.Chunk(3)
        .Select(p => p[0] > 128 && p[2] < 100 ? "red" : p[2] > 128 && p[0] < 100 ? "blue" : p.Max() < 60 ? "dark" : "other");

    /// <summary>Loudest sample of each tenth of a second, 0 to 1.</summary>
    public IReadOnlyList<double> Loudness =>
        [.. Decoded.Chunk(2 * SamplesOfStep).Select(c => c.Chunk(2).Where(b => b.Length == 2)
            .Max(b => Math.Abs((int)BinaryPrimitives.ReadInt16LittleEndian(b))) / 32768.0)];

    /// <summary>A property of the stream.</summary>
    public string Text(string name) => Stream.GetProperty(name).ToString();

    /// <summary>Downloads and decodes.</summary>
    public static async Task<DecodedPeriod> ReadAsync(BroadcastServer server, Uri playlist,
        IReadOnlyList<(long Number, HlsSegment Entry)> listed)
    {
        await using var folder = TempFolder.Create();
        var (file, decoded) = (folder.Sub("run.mp4"), folder.Sub("decoded"));
        List<long> ends = [];
        await using (var stream = File.Create(file))
        {
            await stream.WriteAsync(await server.Client.GetByteArrayAsync(new Uri(playlist, listed[0].Entry.Map!.Split('"')[1])));
            foreach (var (_, entry) in listed)
            {
                await stream.WriteAsync(await server.Client.GetByteArrayAsync(new Uri(playlist, entry.Address)));
                ends.Add(stream.Position);
            }
        }

        var probed = await FfmpegTool.ProbeAsync(file, null, "-show_packets");
        var info = probed.GetProperty("streams")[0];
        string[] form = info.GetProperty("codec_type").GetString() == "video"
            ? ["-vf", "scale=1:1:flags=area,setsar=1", "-pix_fmt", "rgb24", "-fps_mode", "passthrough", "-f", "rawvideo"]
            : ["-ac", "1", "-ar", "8000", "-f", "s16le"];
        var result = await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-hide_banner", "-v", "error", "-i", file, .. form, decoded]);
        var packets = probed.GetProperty("packets").EnumerateArray()
            .Select(p => (At: long.Parse(p.GetProperty("pos").GetString()!, CultureInfo.InvariantCulture),
                Sample: new WatchedSample(p.GetProperty("pts").GetInt64(),
                    p.GetProperty("flags").GetString()!.Contains('K', StringComparison.Ordinal))))
            .ToLookup(p => ends.FindIndex(end => p.At < end), p => p.Sample);
        return new DecodedPeriod(
            [.. listed.Select((l, i) => new DecodedSegment(l.Number, l.Entry, [.. packets[i]]))], info,
            result.ExitCode == 0 ? result.Error : $"exit code {result.ExitCode}: {result.Error}",
            await File.ReadAllBytesAsync(decoded));
    }
}

/// <summary>A listed segment with its content.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Entry">Entry in the playlist.</param>
/// <param name="Samples">Samples in decode order.</param>
internal sealed record DecodedSegment(long Number, HlsSegment Entry, IReadOnlyList<WatchedSample> Samples);

/// <summary>A frame of video or audio.</summary>
/// <param name="Time">Presentation time, in ticks.</param>
/// <param name="IsSync">Whether the frame is a sync sample.</param>
internal readonly record struct WatchedSample(long Time, bool IsSync);
