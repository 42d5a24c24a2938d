using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using static Broadcast.Packager.Tests.Encoder;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

/// <summary>
/// Captions in the video, and their announcement in manifests. OBS writes captions only during speech, which usually starts later.
/// </summary>
public sealed class CaptionTests
{
    [Fact]
    public async Task Late_captions_are_announced_and_survive_a_new_configuration_and_a_kill()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, [.. VideoFrames(4, 60)], Source);
        Notified(bench, session).ShouldBe((1, null));

        await bench.PublishAsync(session, [.. VideoFrames(2, 60, from: 4), .. Captioned(VideoFrames(2, 60, from: 6))], Source);
        Notified(bench, session).ShouldBe((1, "CC1"));
        bench.Timeline(session).Find("source")!.Inits.Count.ShouldBe(1, "players load nothing anew");
        bench.Sink.Events.OfType<TimelineEvent.InitReady>().Count().ShouldBe(2, "it is said once");

        await bench.PublishAsync(session, [.. VideoFrames(2, 60, from: 8, track: OtherVideo)], Source);
        Notified(bench, session).ShouldBe((2, "CC1"), "such as the slate, which stands in for an encoder that has some");

        using var again = await new PackagerHarness(bench.Spool.AfterKill()).StartAsync();
        Notified(again, session).ShouldBe((2, "CC1"));
        await again.PublishAsync(session, [.. VideoFrames(2, 60, from: 12)], Source);
        Notified(again, session).ShouldBe((1, "CC1"), "the first configuration returned");
    }

    private static IEnumerable<RenditionSample> Captioned(IEnumerable<RenditionSample> frames) =>
        frames.Select(s => s with { Sample = s.Sample
            with { Payload = Captioning.With(new byte[] { 0, 0, 0, 2, 0x65, 1 }, isHevc: false, (0, 0x94, 0x20)) } });

    private static (int, string?) Notified(PackagerHarness bench, BroadcastSession session) =>
        bench.Timeline(session).Find("source")!.Init is { } init ? (init.Number, init.Format.Captions) : (0, null);
}
