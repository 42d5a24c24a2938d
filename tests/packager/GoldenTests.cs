using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;
using static Broadcast.Packager.Tests.Encoder;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

/// <summary>Objects, journals and timeline events of one scripted session, byte for byte as earlier versions wrote them.</summary>
public class GoldenTests
{
    private static readonly PackagerOptions Short = new() { IndexBlockDuration = TimeSpan.FromSeconds(10) };

    private static readonly LatencyProfile Latency = LatencyProfile.Low with { Window = TimeSpan.FromSeconds(20) };

    private static readonly BroadcastSession Scripted = new(ChannelName.Parse("main"), SessionId.Parse("01JN8E0000000000000000000A"), 1,
        Noon, Latency)
    {
        DvrWindow = TimeSpan.FromSeconds(40), IsRecorded = true, BeginsHidden = true, Access = ViewerAccess.Token,
    };

    [Fact]
    public async Task Names_and_bytes_of_every_session_object_match_the_golden_file()
    {
        using var bench = await PackagedAsync();
        var lines = All(bench).Where(entry => !entry.Name.EndsWith(".jsonl", StringComparison.Ordinal))
            .Select(entry => $"{Convert.ToHexStringLower(SHA256.HashData(entry.Bytes))} {entry.Bytes.Length,6} {entry.Name}");
        Golden.Matches("objects.txt", string.Join('\n', lines));
    }

    [Fact]
    public async Task Bytes_of_segment_parts_match_the_golden_file()
    {
        using var bench = await PackagedAsync();
        var lines = bench.Sink.Events.OfType<TimelineEvent.PartReady>().Select(part =>
        {
            var bytes = bench.Spool.Bytes(part.Object).ShouldNotBeNull().AsSpan((int)part.Offset, part.Length);
            var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
            return $"{hash} {part.Rendition}/{part.Segment}.{part.Part} {part.Offset}+{part.Length}";
        });
        Golden.Matches("parts.txt", string.Join('\n', lines));
    }

    [Fact]
    public async Task Init_segments_and_index_blocks_match_their_golden_bytes()
    {
        using var bench = await PackagedAsync();
        foreach (var (name, bytes) in All(bench).Where(entry => entry.Name.Contains("/init-") || entry.Name.Contains("/chapters/")))
        {
            Golden.Matches("objects/" + string.Join('-', name.Split('/')[^2..]), bytes);
        }
    }

    [Fact]
    public async Task Journals_of_a_live_and_an_ended_session_match_their_golden_text()
    {
        using var live = await PackagedAsync(ends: false);
        Golden.Matches("journal-live.jsonl", Journals(live));
        using var ended = await PackagedAsync();
        Golden.Matches("journal-ended.jsonl", Journals(ended));
    }

    [Fact]
    public async Task Timeline_events_of_a_session_match_their_golden_JSON()
    {
        using var bench = await PackagedAsync();
        var lines = bench.Sink.Events.Select(@event => Encoding.UTF8.GetString(TimelineJson.Serialize(@event)));
        Golden.Matches("timeline.jsonl", string.Join('\n', lines));
    }

    [Fact]
    public async Task Drop_reasons_match_the_golden_file()
    {
        var reasons = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "broadcast_samples_dropped" && instrument.Meter.Name == Telemetry.MeterName)
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            var labels = tags.ToArray();
            if (labels.Any(label => label.Value is "golden-losses"))
            {
                reasons[string.Join(',', labels.Select(label => $"{label.Key}={label.Value}"))] = true;
            }
        });
        listener.Start();
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session("golden-losses");
        List<RenditionSample> before = [.. VideoFrames(1, 60, from: 1).Skip(1)],
        media = Interleave(VideoFrames(10, 60, from: 2), Frames(10, from: 2));
        await bench.PublishAsync(session, [.. before, .. media, .. Frames(1, from: 3), .. VideoFrames(1, 60, from: 3),
            .. VideoFrames(8, 10_000, from: 12).Skip(1)]);
        reasons.Count.ShouldBeGreaterThan(1);
        var labels = Enum.GetValues<SampleDropReason>().Select(PackagerMetrics.LabelOf).Order(StringComparer.Ordinal);
        Golden.Matches("dropped-samples.txt", string.Join('\n', [.. reasons.Keys.Order(StringComparer.Ordinal), .. labels]));
    }

    /// <summary>
    /// 75 s with sprite sheets and posters: a rendition gap, an encoder that reconnects with another configuration, a slate, and the
    /// encoder once more.
    /// </summary>
    private static async Task<PackagerHarness> PackagedAsync(bool ends = true)
    {
        var bench = await new PackagerHarness(options: Short).StartAsync();
        var first = bench.Begin(Scripted);
        for (var at = 0; at < 40; at += 10)
        {
            // The audio pauses from 10 s to 20 s.
            first.Send(Interleave(VideoFrames(10, 60, at), at == 10 ? [] : Frames(10, at)));
            Offer(bench, at);
        }

        await first.EndAsync();
        await bench.PublishAsync(Scripted, Interleave(VideoFrames(10, 60, from: 43, track: OtherVideo), Frames(10, from: 43)));
        Offer(bench, 40);
        bench.IsSlate = true;
        await bench.PublishAsync(Scripted, Interleave(VideoFrames(6, 60, from: 56), Frames(6, from: 56)));
        bench.IsSlate = false;
        await bench.PublishAsync(Scripted, Interleave(VideoFrames(11, 60, from: 64), Frames(11, from: 64, track: OtherAudio)));
        Offer(bench, 60);
        if (ends)
        {
            await bench.Stage.EndAsync(Scripted.Channel, Scripted.Id, "over", CancellationToken.None);
        }

        return bench;
    }

    private static void Offer(PackagerHarness bench, int at)
    {
        ReadOnlyMemory<byte> jpeg = new byte[] { 0xff, 0xd8, (byte)at, 0xff, 0xd9 };
        var layout = new SpriteSheetLayout(5, 1, 320, 180);
        bench.Stage.Offer(Scripted.Channel, Scripted.Id,
            new SessionImage.SpriteSheet(new(at * 1000, 1000), new(10_000, 1000), layout, jpeg));
        bench.Stage.Offer(Scripted.Channel, Scripted.Id, new SessionImage.Poster(new((at + 1) * 90_000L, 90_000), 1280, 720, jpeg));
    }

    private static List<(string Name, byte[] Bytes)> All(PackagerHarness bench) =>
    [
        .. bench.Spool.Files.Concat(bench.Spool.Store.Objects).DistinctBy(file => file.Key).Select(file => (file.Key.Value, file.Value))
            .OrderBy(file => file.Item1, StringComparer.Ordinal),
    ];

    private static string Journals(PackagerHarness bench) => string.Concat(
        All(bench).Where(entry => entry.Name.EndsWith(".jsonl", StringComparison.Ordinal))
            .Select(entry => $"== {entry.Name}\n{Encoding.UTF8.GetString(entry.Bytes)}"));
}
