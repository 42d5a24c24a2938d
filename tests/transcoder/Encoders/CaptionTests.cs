using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Probing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Captions in the source's frames, through decoding, scaling and encoding.</summary>
public sealed class CaptionTests
{
    /// <summary>Maximum number of frames buffered by decoder, filters and encoder.</summary>
    private const int MostHeld = 40;

    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    public async Task Every_rung_has_the_captions_of_the_source_in_the_same_frames(string latency)
    {
        var text = Captioning.Line("CAPTIONS SURVIVE");
        var source = (await CodedFrames.MakeAsync(2, "640x480", 30, "-g", "30")).Select((s, i) =>
        {
            var pair = i < text.Count ? text[i] : Captioning.Filler;
            return s with { Payload = Captioning.With(s.Payload, isHevc: false, (0, pair.First, pair.Second), (1, 0x80, 0x80)) };
        }).ToList();
        var renditions = Channel.CreateBounded<RenditionSample>(10_000);
        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch,
            LatencyProfile.Find(latency)!);
        await using (var encoder = new RungEncoder(new EncodingOptions(), EncoderSelector.SoftwareOnly(TimeProvider.System), session,
            "auto", renditions.Writer, TimeProvider.System, NullLogger.Instance))
        {
            foreach (var sample in source)
            {
                encoder.Push(sample);
            }

            // Frames buffered for lookahead are output at the end, as far as the machine has time for it.
            await Poll.UntilAsync(() => renditions.Reader.Count >= 2 * (source.Count - MostHeld), TimeSpan.FromSeconds(60));
        }

        renditions.Writer.TryComplete();
        var expected = source.ToDictionary(s => s.Present.Ticks, s => Triplets(s.Payload.Span));
        var rungs = (await renditions.Reader.ReadAllAsync(TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken)).GroupBy(s => s.Rendition.Name).ToList();
        rungs.Select(r => r.Key).ShouldBe(["360p", "240p"], ignoreOrder: true);
        foreach (var rung in rungs)
        {
            rung.Count().ShouldBeGreaterThanOrEqualTo(source.Count - MostHeld);
            rung.Select(s => CaptionServices.Find(s.Sample.Track.Config, s.Sample.Payload.Span).ToString()).Distinct().ShouldBe(["CC1"]);
            rung.Select(s => Triplets(s.Sample.Payload.Span)).ShouldBe(rung.Select(s => expected[s.Sample.Present.Ticks]));
        }
    }

    /// <summary>Returns the caption data of a frame in hexadecimal.</summary>
    private static string Triplets(ReadOnlySpan<byte> frame)
    {
        var at = frame.IndexOf("GA94"u8) + 5;
        return Convert.ToHexString(frame.Slice(at + 2, (frame[at] & 31) * 3));
    }
}
