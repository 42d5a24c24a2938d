using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using static Broadcast.Packager.Tests.Encoder;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

/// <summary>Posters and sprite sheets in a session's timeline.</summary>
public class ImageWriterTests
{
    private static readonly ReadOnlyMemory<byte> Jpeg = new byte[] { 0xff, 0xd8, 1, 2, 3, 0xff, 0xd9 };

    [Fact]
    public async Task Image_offered_during_a_publication_is_stored_and_announced_with_the_next_part()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        var publishing = bench.Begin(session);
        publishing.Send(Interleave(VideoFrames(5, 60), Frames(5)));
        bench.Stage.Offer(session.Channel, session.Id, Poster(2));
        bench.Stage.Offer(session.Channel, session.Id, Sheet(0));
        bench.Timeline(session).Poster.ShouldBeNull("whoever owns the session takes it");
        publishing.Send(Interleave(VideoFrames(5, 60, from: 5), Frames(5, from: 5)));

        var timeline = bench.Timeline(session);
        timeline.Poster!.Object.Value.ShouldBe($"live/main/{session.Id}/posters/2000.jpg");
        var sheet = timeline.SpriteSheets.ShouldHaveSingleItem();
        sheet.Object.Value.ShouldBe($"live/main/{session.Id}/thumbnails/0.jpg");
        bench.Spool.Bytes(sheet.Object).ShouldBe(Jpeg.ToArray());
        bench.Spool.Bytes(timeline.Poster.Object).ShouldBe(Jpeg.ToArray());
        bench.Spool.Sealed.ShouldContain(sheet.Object);
        bench.Spool.Sealed.ShouldNotContain(timeline.Poster.Object, "a newer one comes soon");
        await publishing.EndAsync();
        bench.Spool.Sealed.ShouldContain(timeline.Poster.Object, "nobody knows whether a newer one comes");
    }

    [Fact]
    public async Task Newer_poster_replaces_the_previous_one_whose_object_is_deleted_after_a_grace_period()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        bench.Stage.Offer(session.Channel, session.Id, Poster(2));
        var first = bench.Timeline(session).Poster!.Object;
        bench.Stage.Offer(session.Channel, session.Id, Poster(4));
        bench.Stage.Offer(session.Channel, session.Id, Poster(3));

        bench.Timeline(session).Poster!.Time.TotalSeconds.ShouldBe(4);
        bench.Spool.Deleted.ShouldNotContain(first);
        bench.Time.Advance(session.Latency.Window + session.Latency.TargetDuration + TimeSpan.FromSeconds(1));
        bench.Spool.Deleted.ShouldContain(first);
    }

    [Fact]
    public async Task Images_offered_after_the_end_are_announced_and_known_after_a_restart()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        await bench.Stage.EndAsync(session.Channel, session.Id, "over", CancellationToken.None);
        bench.Stage.Offer(session.Channel, session.Id, Sheet(0));
        bench.Stage.Offer(session.Channel, session.Id, Poster(4));

        using var again = await new PackagerHarness(bench.Spool.AfterKill()).StartAsync();
        var timeline = again.Timeline(session);
        timeline.IsEnded.ShouldBeTrue();
        timeline.SpriteSheets.ShouldHaveSingleItem();
        timeline.Poster!.Time.TotalSeconds.ShouldBe(4);
        again.Spool.Bytes(timeline.Poster.Object).ShouldBe(Jpeg.ToArray());
    }

    [Fact]
    public async Task After_a_kill_announced_images_exist_and_replaced_ones_are_deleted()
    {
        using var killed = await new PackagerHarness().StartAsync();
        var session = Session();
        var publishing = killed.Begin(session);
        foreach (var (at, frame) in ((int, SessionImage)[])[(2, Poster(1)), (4, Poster(3)), (11, Sheet(0))])
        {
            publishing.Send(Interleave(VideoFrames(at - 2, 60, from: at), Frames(at - 2, from: at)));
            killed.Stage.Offer(session.Channel, session.Id, frame);
        }

        publishing.Send(Interleave(VideoFrames(3, 60, from: 21), Frames(3, from: 21)));
        using var bench = await new PackagerHarness(killed.Spool.AfterKill()).StartAsync();

        var timeline = bench.Timeline(session);
        timeline.Poster!.Time.TotalSeconds.ShouldBe(3);
        timeline.SpriteSheets.ShouldHaveSingleItem();
        bench.Spool.Sealed.ShouldContain(timeline.Poster.Object);
        bench.Stage.Offer(session.Channel, session.Id, Sheet(10));
        bench.Time.Advance(session.Latency.Window + session.Latency.TargetDuration + TimeSpan.FromSeconds(1));
        await Poll.UntilAsync(() => bench.Spool.Deleted.Any(name => name.Value.StartsWith("live/", StringComparison.Ordinal)));
        bench.Spool.Deleted.Where(name => name.Value.StartsWith("live/", StringComparison.Ordinal))
            .ShouldBe([ObjectName.Parse($"live/main/{session.Id}/posters/1000.jpg")]);
    }

    [Fact]
    public async Task Thumbnails_are_deleted_with_the_segments_of_their_time()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session(latency: LatencyProfile.Standard with { Window = TimeSpan.FromSeconds(10) });
        var publishing = bench.Begin(session);
        publishing.Send(Interleave(VideoFrames(11, 60), Frames(11)));
        bench.Stage.Offer(session.Channel, session.Id, Sheet(0));
        publishing.Send(Interleave(VideoFrames(10, 60, from: 11), Frames(10, from: 11)));
        bench.Stage.Offer(session.Channel, session.Id, Sheet(10));
        publishing.Send(Interleave(VideoFrames(10, 60, from: 21), Frames(10, from: 21)));

        bench.Timeline(session).SpriteSheets.ShouldHaveSingleItem().Start.TotalSeconds.ShouldBe(10);
        bench.Time.Advance(TimeSpan.FromSeconds(14));
        bench.Spool.Deleted.ShouldContain(ObjectName.Parse($"live/main/{session.Id}/thumbnails/0.jpg"));
        await publishing.EndAsync();
    }

    [Fact]
    public async Task Failed_write_loses_only_that_image()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        bench.Spool.Refuses = name => name.Value.EndsWith(".jpg", StringComparison.Ordinal);
        bench.Stage.Offer(session.Channel, session.Id, Poster(2));
        bench.Timeline(session).Poster.ShouldBeNull();
        bench.Spool.Refuses = _ => false;
        bench.Stage.Offer(session.Channel, session.Id, Poster(3));
        bench.Timeline(session).Poster.ShouldNotBeNull();
    }

    [Fact]
    public async Task Image_of_an_unknown_session_is_ignored()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session();
        bench.Stage.Offer(session.Channel, session.Id, Poster(2));
        bench.Spool.Files.ShouldBeEmpty();

        await bench.PublishAsync(session, Interleave(VideoFrames(5, 60), Frames(5)));
        bench.Stage.Offer(ChannelName.Parse("other"), session.Id, Poster(2));
        bench.Timeline(session).Poster.ShouldBeNull();
    }

    private static SessionImage.Poster Poster(double seconds) =>
        new(MediaTime.From(TimeSpan.FromSeconds(seconds), 90_000), 1280, 720, Jpeg);

    private static SessionImage.SpriteSheet Sheet(int seconds) =>
        new(new(seconds * 1000, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 1, 320, 180), Jpeg);
}
