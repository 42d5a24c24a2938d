using System.Text;
using System.Text.RegularExpressions;
using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.Live;

/// <summary>Mirrored sessions that this server takes over: players continue the same manifests.</summary>
public sealed partial class PromotionTests
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private readonly ManualTimeProvider _time = new(FakePackager.Start);

    [Theory]
    [InlineData("low", false)]
    [InlineData("low", true)]
    [InlineData("standard", false)]
    [InlineData("standard", true)]
    public void Manifests_continue_where_the_mirror_ends(string latency, bool hasVisiblePart)
    {
        var (packager, owner) = OnAir(latency);
        var from = FakePackager.Start.AddSeconds(4);
        if (hasVisiblePart)
        {
            owner.VisibleSince(from, null).ShouldNotBeNull();
        }

        var mirror = Mirror(owner);
        var before = Documents(Part(mirror));

        var promoted = LiveSession.Promote(mirror, Checkpoint(packager));

        (promoted.IsMirror, promoted.Read((timeline, _) => timeline.Session.Epoch)).ShouldBe((false, 2));
        var after = Documents(Part(promoted));
        after.Keys.ShouldBe(before.Keys);
        foreach (var (name, text) in before)
        {
            after[name].ShouldBe(text, name);
        }

        // The same segments as at an owner that was never lost.
        for (var step = 0; step < 6; step++)
        {
            packager.Segment();
            promoted.Append([.. packager.Unsent], error => throw new InvalidOperationException(error));
            packager.NotifyTo(owner);
            var (expected, actual) = (Documents(Part(owner)), Documents(Part(promoted)));
            foreach (var (name, text) in expected)
            {
                WithoutPublishTime(actual[name]).ShouldBe(WithoutPublishTime(text), $"{name}, step {step}");
            }
        }

        LiveSession Part(LiveSession session) => hasVisiblePart ? session.VisibleSince(from, null).ShouldNotBeNull() : session;
    }

    [Fact]
    public void Requests_held_by_the_mirror_are_answered_by_the_session_that_replaces_it()
    {
        var (packager, owner) = OnAir("low");
        using var feed = owner.Follow();
        var directory = new LiveDirectory(Options.Create(new OriginOptions()), _time, NullLogger<LiveDirectory>.Instance);
        IMirroredSessions mirrors = directory;
        mirrors.Restore(Demo, FakePackager.First, feed.Snapshot);
        var mirror = directory.FindChannel(Demo)!.Find(FakePackager.First).ShouldNotBeNull();
        mirrors.GetCheckpoint(Demo, FakePackager.First).ShouldNotBeNull();

        directory.Append(Demo, FakePackager.First, Checkpoint(packager));

        mirror.IsReplaced.ShouldBeTrue();
        var promoted = directory.FindChannel(Demo)!.Find(FakePackager.First).ShouldNotBeNull();
        promoted.ShouldNotBeSameAs(mirror);
        promoted.IsMirror.ShouldBeFalse();
        mirrors.Owns(Demo, FakePackager.First).ShouldBeTrue();
        mirrors.GetCheckpoint(Demo, FakePackager.First).ShouldBeNull("it is no copy any more");
        mirrors.Restore(Demo, FakePackager.First, feed.Snapshot);
        directory.FindChannel(Demo)!.Find(FakePackager.First).ShouldBeSameAs(promoted, "the lost owner's feed has no effect");
        mirrors.Remove(Demo, FakePackager.First);
        directory.FindChannel(Demo)!.Find(FakePackager.First).ShouldBeSameAs(promoted);
    }

    [Fact]
    public async Task Session_is_found_at_any_time_while_its_mirror_is_restored()
    {
        var (_, owner) = OnAir("low");
        using var feed = owner.Follow();
        var directory = new LiveDirectory(Options.Create(new OriginOptions()), _time, NullLogger<LiveDirectory>.Instance);
        IMirroredSessions mirrors = directory;
        mirrors.Restore(Demo, FakePackager.First, feed.Snapshot);
        using var ended = new CancellationTokenSource();
        var (started, missing) = (new TaskCompletionSource(), 0);
        var reading = Task.Factory.StartNew(() =>
        {
            started.SetResult();
            while (!ended.IsCancellationRequested)
            {
                missing += directory.FindChannel(Demo)?.Find(FakePackager.First) is null ? 1 : 0;
            }
        }, TaskCreationOptions.LongRunning);
        await started.Task;
        for (var i = 0; i < 2000; i++)
        {
            mirrors.Restore(Demo, FakePackager.First, feed.Snapshot);
        }

        await ended.CancelAsync();
        await reading;
        missing.ShouldBe(0, "404 would tell players that the session has ended");
    }

    [Fact]
    public void Timeline_that_contradicts_the_mirror_begins_the_session_again()
    {
        var (packager, owner) = OnAir("low");
        using var feed = owner.Follow();
        var directory = new LiveDirectory(Options.Create(new OriginOptions()), _time, NullLogger<LiveDirectory>.Instance);
        ((IMirroredSessions)directory).Restore(Demo, FakePackager.First, feed.Snapshot);
        var other = new FakePackager().Video();

        directory.Append(Demo, FakePackager.First, [.. other.Events]);

        directory.FindChannel(Demo)!.Find(FakePackager.First).ShouldNotBeNull().IsMirror.ShouldBeFalse();
    }

    [Fact]
    public void Released_session_is_remembered_until_another_one_is_served()
    {
        var packager = new FakePackager().Video().Segments(2);
        var directory = new LiveDirectory(Options.Create(new OriginOptions()), _time, NullLogger<LiveDirectory>.Instance);
        IMirroredSessions sessions = directory;
        directory.Append(Demo, FakePackager.First, [.. packager.Events]);
        (sessions.HasReleased(Demo), sessions.LacksEncoder(Demo)).ShouldBe((false, false));
        _time.Advance(TimeSpan.FromSeconds(20));
        sessions.LacksEncoder(Demo).ShouldBeTrue("no media for so long");

        directory.Forget(Demo, FakePackager.First);
        (sessions.HasReleased(Demo), sessions.LacksEncoder(Demo)).ShouldBe((true, false));
        directory.Append(Demo, FakePackager.Second, [.. new FakePackager(FakePackager.Second).Video().Events]);
        sessions.HasReleased(Demo).ShouldBeFalse();

        directory.Forget(Demo, FakePackager.Second);
        _time.Advance(TimeSpan.FromSeconds(11));
        sessions.HasReleased(Demo).ShouldBeFalse("the database would name an owner by now");
    }

    private (FakePackager Packager, LiveSession Owner) OnAir(string latency)
    {
        var packager = new FakePackager(latency: LatencyProfile.Find(latency)).Video().Segments(5);
        return (packager, packager.Listen(_time));
    }

    private LiveSession Mirror(LiveSession owner)
    {
        using var feed = owner.Follow();
        return LiveSession.Restore(owner.Channel, owner.Id, feed.Snapshot, _time);
    }

    /// <summary>The timeline as the packager of the new owner announces it, with the next epoch.</summary>
    private static List<TimelineEvent> Checkpoint(FakePackager packager)
    {
        var timeline = new SessionTimeline(packager.Session);
        foreach (var @event in packager.Events)
        {
            timeline.Apply(@event);
        }

        timeline.Apply(new TimelineEvent.Started(timeline.Session with { Epoch = 2 }));
        return [.. timeline.Checkpoint()];
    }

    private static string? WithoutPublishTime(string? text) => text is null ? null : PublishTime().Replace(text, "");

    private static Dictionary<string, string?> Documents(LiveSession session) => new()
    {
        ["multivariant"] = TextOf(session.Manifests.MultivariantPlaylist()),
        ["MPD"] = TextOf(session.Manifests.SessionMpd()),
        ["channel MPD"] = TextOf(session.Manifests.ChannelMpd()),
        ["media"] = TextOf(session.Manifests.MediaPlaylist("source")),
        ["delta"] = TextOf(session.Manifests.MediaPlaylist("source", isDelta: true)),
        ["keyframes"] = TextOf(session.Manifests.IFramePlaylist("source")),
    };

    private static string? TextOf(Document? document) => document is null ? null : Encoding.UTF8.GetString(document.Plain);

    [GeneratedRegex("publishTime=\"[^\"]*\"")]
    private static partial Regex PublishTime();
}
