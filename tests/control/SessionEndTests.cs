using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>What the log says of a session when it is over.</summary>
public sealed class SessionEndTests
{
    private static readonly TakeoverTerms Terms = new(TakeoverPolicy.Silent, TimeSpan.FromSeconds(3), MostPerMinute: 3);

    [Fact]
    public async Task A_session_ends_with_one_line_that_counts_all_of_its_connections_and_what_was_made_of_them()
    {
        var (clock, log) = (new ManualTimeProvider(), new RememberedLog());
        await using var database = new Database(new DataFolder("/nonexistent"), new DatabaseOptions(), clock);   // nothing is written
        var book = new SessionBook(new SessionLedger(database, clock, NullLogger.Instance), new Measured(), clock, log.For<SessionBook>());

        var first = Take(book);
        first.Lease.Note(1000, 50, 70);
        first.Lease.NoteDropped(3);
        book.NoteViewers(first.Session.Id, 12);
        book.NoteViewers(first.Session.Id, 5);
        book.NoteViewers(SessionId.New(clock.GetUtcNow()), 99);   // of no session that is open
        book.Leave(first, "closed");
        var silent = Take(book);
        silent.Lease.Note(10, 1, 2);
        clock.Advance(TimeSpan.FromSeconds(90));
        var last = Take(book);
        last.Lease.Note(500, 20, 30);
        book.Leave(silent, "superseded");
        last.Session.ShouldBe(first.Session);
        book.End(1, "ended by an operator");
        await book.EndsToldAsync();
        book.Leave(last, "sent away");

        var session = first.Session.Id.Value;
        log.Lines.Where(line => line.StartsWith($"Session {session} on demo ended", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldBe(
            $"Session {session} on demo ended after 00:01:30: ended by an operator (3 connections, 1510 bytes in, 71 pictures, 102 frames of sound, 3 dropped; 7 segments of audio,source, 4711 bytes written, 1 gaps; 12 viewers at most)");
    }

    [Fact]
    public async Task Who_is_sent_away_is_told_once_and_the_session_waits_for_them()
    {
        var clock = new ManualTimeProvider();
        await using var database = new Database(new DataFolder("/nonexistent"), new DatabaseOptions(), clock);   // nothing is written
        var book = new SessionBook(new SessionLedger(database, clock, NullLogger.Instance), new Measured(), clock, NullLogger<SessionBook>.Instance);
        book.Dismiss(1, "sent away").ShouldBe(0);
        var first = Take(book);

        book.Dismiss(1, "sent away").ShouldBe(1);
        book.Dismiss(1, "sent away").ShouldBe(0);
        await Poll.UntilAsync(() => Task.FromResult(first.Revoked.IsCancellationRequested), TimeSpan.FromSeconds(20), "it is told");
        book.Leave(first, "sent away");

        book.HasOpen(first.Session.Id).ShouldBeTrue();
        Take(book).Session.Id.ShouldBe(first.Session.Id);
    }

    private static PublishGrant Take(SessionBook book) => book.Take(
        new("aaaaaaaa", [], null, 1, ChannelName.Parse("demo"), "auto", LatencyProfile.Standard, TimeSpan.FromHours(1)), Terms, TimeSpan.Zero).ShouldBeOfType<Seating.Taken>().Grant;

    private sealed class Measured : ISessionLifecycle
    {
        public ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public SessionMediaTotals? TotalsOf(SessionId session) => new(7, ["audio", "source"], 4711, 1);
    }
}
