using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Testing;
using Broadcast.Transcoder.Thumbnails;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Thumbnails;

/// <summary>Order in which sessions get their thumbnails.</summary>
public sealed class ThumbnailSchedulerTests
{
    private static readonly SessionId Session = SessionId.Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    private readonly ManualTimeProvider _time = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public void Session_is_queued_once_and_gets_the_newest_images()
    {
        var desk = Desk();
        Notify(desk, "a", 0);
        Notify(desk, "a", 20);
        Notify(desk, "a", 40);
        desk.Slots.TryRead(out var turn).ShouldBeTrue();
        desk.Slots.TryRead(out _).ShouldBeFalse();
        desk.Take(turn)!.Poster!.Time.TotalSeconds.ShouldBe(40);

        Notify(desk, "a", 60);
        desk.Slots.TryRead(out _).ShouldBeFalse("it is being served");
        desk.Done(turn);
        desk.Slots.TryRead(out _).ShouldBeTrue();
    }

    [Fact]
    public void Sessions_are_served_in_rotation()
    {
        var desk = Desk();
        foreach (var channel in new[] { "a", "b", "c" })
        {
            Notify(desk, channel, 0);
        }

        desk.Slots.TryRead(out var first).ShouldBeTrue();
        desk.Take(first);
        Notify(desk, "a", 20);
        desk.Done(first);
        List<string> order = [];
        while (desk.Slots.TryRead(out var turn))
        {
            order.Add(turn.Channel.Value);
        }

        order.ShouldBe(["b", "c", "a"]);
    }

    [Fact]
    public void Failing_session_waits_longer_each_time_until_an_image_succeeds()
    {
        var desk = Desk();
        Notify(desk, "a", 0);
        var pauses = new List<int>();
        var at = 0;
        for (var failure = 0; failure < 3; failure++)
        {
            desk.Slots.TryRead(out var turn).ShouldBeTrue();
            desk.Take(turn).ShouldNotBeNull();
            desk.Failed(turn).ShouldBe(failure + 1);
            for (var waited = 1; ; waited++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                Notify(desk, "a", at += 20);
                if (desk.Slots.Count > 0)
                {
                    pauses.Add(waited);
                    break;
                }
            }
        }

        pauses.ShouldBe([2, 4, 8]);
        desk.Slots.TryRead(out var last);
        desk.Take(last);
        desk.Done(last);
        Notify(desk, "a", at + 20);
        desk.Slots.Count.ShouldBe(1);
    }

    [Fact]
    public void Deleted_session_gets_no_images()
    {
        var desk = Desk();
        Notify(desk, "a", 0);
        desk.Forget(ChannelName.Parse("a"), Session);
        desk.Slots.TryRead(out var turn).ShouldBeTrue();
        desk.Take(turn).ShouldBeNull();
        desk.Done(turn);
        desk.Slots.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public void Disabled_images_queue_no_session()
    {
        var desk = Desk(new ThumbnailOptions { Enabled = false });
        Notify(desk, "a", 0);
        desk.Slots.TryRead(out _).ShouldBeFalse();
    }

    private static void Notify(ThumbnailScheduler desk, string channel, int seconds) => desk.Append(ChannelName.Parse(channel), Session,
    [
        new TimelineEvent.RenditionAdded("source", TrackKind.Video),
        new TimelineEvent.InitReady("source", 1, new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, 640, 360, 30, 0, 0, null),
            ObjectName.Parse("init"), 700),
        new TimelineEvent.PartReady("source", 1, 0, 1, MediaTime.From(TimeSpan.FromSeconds(seconds), 90_000), new(90_000, 90_000),
            Independent: true, DateTimeOffset.UnixEpoch, ObjectName.Parse("segment"), 0, 1000),
    ]);

    private ThumbnailScheduler Desk(ThumbnailOptions? options = null) =>
        new(Options.Create(options ?? new ThumbnailOptions { TileInterval = TimeSpan.Zero }), _time);
}
