using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Timeline;
using Broadcast.Testing;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Sessions that another server may have taken over while this one was suspended.</summary>
public sealed class UncertainOwnershipTests
{
    private static readonly BroadcastSession Owned = Session();

    [Fact]
    public async Task Nothing_is_announced_until_the_ownership_is_certain()
    {
        var ownership = new Ownership();
        using var bench = await new PackagerHarness(ownership: ownership).StartAsync();
        var publication = await BeginAsync(bench);
        var (events, files) = (bench.Sink.Events.Count(), bench.Spool.Appends);
        ownership.Suspend();

        publication.Send(VideoFrames(4, 60, from: 10));
        await Poll.UntilAsync(() => ownership.Waiting > 0);

        (bench.Sink.Events.Count(), bench.Spool.Appends).ShouldBe((events, files));
        ownership.Confirm();
        await publication.EndAsync();
        bench.Sink.Events.OfType<TimelineEvent.SegmentClosed>().Last().Segment.ShouldBeGreaterThanOrEqualTo(6);
    }

    [Fact]
    public async Task Session_of_another_server_is_released_as_it_was_announced()
    {
        var ownership = new Ownership();
        using var bench = await new PackagerHarness(ownership: ownership).StartAsync();
        var publication = await BeginAsync(bench);
        var (events, files) = (bench.Sink.Events.Count(), bench.Spool.Appends);
        ownership.Suspend();
        publication.Send(VideoFrames(4, 60, from: 10));
        await Poll.UntilAsync(() => ownership.Waiting > 0);

        await bench.Stage.ReleaseAsync(Owned.Channel, Owned.Id, CancellationToken.None);
        ownership.Confirm();
        await publication.EndAsync();

        (bench.Sink.Events.Count(), bench.Spool.Appends).ShouldBe((events, files));
    }

    [Fact]
    public async Task Release_discards_what_is_queued()
    {
        using var bench = await new PackagerHarness().StartAsync();
        var publication = await BeginAsync(bench);
        var closed = bench.Sink.Events.OfType<TimelineEvent.SegmentClosed>().Count();

        await bench.Stage.ReleaseAsync(Owned.Channel, Owned.Id, CancellationToken.None);
        publication.Send(VideoFrames(4, 60, from: 10));
        await publication.EndAsync();

        bench.Sink.Events.OfType<TimelineEvent.SegmentClosed>().Count().ShouldBe(closed, "the open segment is another server's");
    }

    private static async Task<PackagerHarness.Publishing> BeginAsync(PackagerHarness bench)
    {
        var publication = bench.Begin(Owned, Source);
        publication.Send(VideoFrames(9, 60));
        await Poll.UntilAsync(() => bench.Sink.Events.OfType<TimelineEvent.PartReady>().Any(part => part.Segment >= 5));
        return publication;
    }

    private sealed class Ownership : ISessionOwnership
    {
        private TaskCompletionSource? _uncertain;
        private int _waiting;

        public int Waiting => Volatile.Read(ref _waiting);

        public bool IsUncertain => Volatile.Read(ref _uncertain) is not null;

        public ValueTask<SessionOwnership> FindAsync(SessionId session, CancellationToken cancellationToken) => new(SessionOwnership.Open);

        public Task WhenCertainAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _waiting);
            return Volatile.Read(ref _uncertain)?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;
        }

        public void Suspend() => Volatile.Write(ref _uncertain, new TaskCompletionSource());

        public void Confirm() => Interlocked.Exchange(ref _uncertain, null)?.TrySetResult();
    }
}
