using Broadcast.Control.Publishing;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.PackagerToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>The log message at the end of a session.</summary>
public sealed class SessionEndNotifierTests
{
    private static readonly TakeoverRules Terms = new(TakeoverPolicy.Silent, TimeSpan.FromSeconds(3), MaxPerMinute: 3);

    [Fact]
    public async Task Session_end_is_logged_once_with_totals_of_connections_and_output()
    {
        var (clock, log) = (new ManualTimeProvider(), new CapturingLogger());
        // nothing is written
        await using var database = new ServerDatabase(new DataFolder("/nonexistent"), new DatabaseOptions(), clock);
        var book = new SessionManager(new SessionWriter(database, clock, NullLogger.Instance), new Measured(), clock,
            log.For<SessionManager>());

        var first = Take(book);
        first.State.RecordTotals(1000, 50, 70);
        first.State.RecordDropped(3);
        book.RecordViewers(first.Session.Id, 12);
        book.RecordViewers(first.Session.Id, 5);
        book.RecordViewers(SessionId.New(clock.GetUtcNow()), 99);   // not of an open session
        book.RemovePublisher(first, "closed");
        var silent = Take(book);
        silent.State.RecordTotals(10, 1, 2);
        clock.Advance(TimeSpan.FromSeconds(90));
        var last = Take(book);
        last.State.RecordTotals(500, 20, 30);
        book.RemovePublisher(silent, "superseded");
        last.Session.ShouldBe(first.Session);
        book.End(1, "ended by an operator");
        await book.WhenEndsNotifiedAsync();
        book.RemovePublisher(last, "disconnected");

        var session = first.Session.Id.Value;
        log.Lines.Where(line => line.StartsWith($"Session {session} on demo ended", StringComparison.Ordinal))
            .ShouldHaveSingleItem().ShouldBe(
            $"Session {session} on demo ended after 00:01:30: ended by an operator (3 connections, 1510 bytes in, 71 video frames, 102 "
            + "audio frames, 3 dropped; 7 segments of audio,source, 4711 bytes written, 1 gaps; peak 12 viewers)");
    }

    [Fact]
    public async Task Encoder_is_disconnected_once_and_its_session_waits_for_a_reconnect()
    {
        var clock = new ManualTimeProvider();
        // nothing is written
        await using var database = new ServerDatabase(new DataFolder("/nonexistent"), new DatabaseOptions(), clock);
        var book = new SessionManager(new SessionWriter(database, clock, NullLogger.Instance), new Measured(), clock,
            NullLogger<SessionManager>.Instance);
        book.DisconnectEncoders(1, "disconnected").ShouldBe(0);
        var first = Take(book);

        book.DisconnectEncoders(1, "disconnected").ShouldBe(1);
        book.DisconnectEncoders(1, "disconnected").ShouldBe(0);
        await Poll.UntilAsync(() => Task.FromResult(first.Revoked.IsCancellationRequested), TimeSpan.FromSeconds(20),
            "the grant is revoked");
        book.RemovePublisher(first, "disconnected");

        book.HasOpen(first.Session.Id).ShouldBeTrue();
        Take(book).Session.Id.ShouldBe(first.Session.Id);
    }

    private static PublishGrant Take(SessionManager book) => book.Admit(
        new("aaaaaaaa", [], null, 1, ChannelName.Parse("demo"), "auto", LatencyProfile.Standard, TimeSpan.FromHours(1)), Terms,
        TimeSpan.Zero).ShouldBeOfType<AdmissionResult.Admitted>().Grant;

    private sealed class Measured : ISessionLifecycle
    {
        public ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;

        public ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;

        public SessionMediaTotals? TotalsOf(SessionId session) => new(7, ["audio", "source"], 4711, 1);
    }
}
