using Broadcast.Control.Events;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>The rules of docs/events.md: an event from 20:00 to 21:00 with 15 minutes of preview and 5 of grace.</summary>
public sealed class EventStateMachineTests
{
    private static readonly DateTimeOffset Evening = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// State, time, encoder (here, gone: its session waits, none), condition; then the next state or '-', whether the session is ended, and
    /// the time of the next check or '-'.
    /// </summary>
    [Theory]
    [InlineData("scheduled", "19:44:59", "none", "", "-", false, "19:45")]
    [InlineData("scheduled", "19:44:59", "here", "", "-", false, "19:45")]                     // an earlier encoder belongs to the channel
    [InlineData("scheduled", "19:45", "none", "", "preview", false, "-")]
    [InlineData("scheduled", "19:45", "here", "", "preview", false, "-")]
    [InlineData("scheduled", "19:45", "here", "taken", "-", false, "21:00")]                   // the previous event still has the channel
    [InlineData("scheduled", "20:30", "none", "", "preview", false, "-")]                      // its start was not observed
    [InlineData("scheduled", "21:00", "here", "", "ended", false, "-")]                        // not observed until its end
    [InlineData("scheduled", "23:00", "none", "taken", "ended", false, "-")]
    [InlineData("preview", "19:50", "none", "", "-", false, "20:00")]
    [InlineData("preview", "19:50", "here", "", "-", false, "20:00")]                          // early: it waits hidden
    [InlineData("preview", "20:00", "here", "", "live", false, "-")]
    [InlineData("preview", "20:00", "none", "", "-", false, "21:00")]                          // late
    [InlineData("preview", "20:10", "here", "", "live", false, "-")]                           // and then there
    [InlineData("preview", "20:00", "gone", "", "-", false, "21:00")]
    [InlineData("preview", "20:09:59", "none", "no-show", "-", false, "20:10")]
    [InlineData("preview", "20:10", "none", "no-show", "ended", false, "-")]                   // absent
    [InlineData("preview", "20:10", "gone", "no-show", "-", false, "21:00")]                   // it can return
    [InlineData("preview", "20:10", "here", "no-show", "live", false, "-")]
    [InlineData("preview", "21:00", "none", "", "ended", false, "-")]                          // absent
    [InlineData("preview", "20:00", "here", "manual", "-", false, "21:00")]
    // never started manually: a hidden session remains hidden
    [InlineData("preview", "21:00", "here", "manual", "ended", true, "-")]
    [InlineData("preview", "21:00", "gone", "", "ended", true, "-")]
    [InlineData("live", "19:50", "here", "", "-", false, "21:00")]                             // started before its time
    [InlineData("live", "20:30", "none", "", "-", false, "21:00")]                             // the encoder can return, or another
    [InlineData("live", "21:00", "none", "", "ended", false, "-")]
    [InlineData("live", "21:00", "gone", "", "ended", true, "-")]
    [InlineData("live", "21:00", "here", "", "-", false, "21:05")]                             // still connected: grace
    [InlineData("live", "21:04", "gone", "", "ended", true, "-")]
    [InlineData("live", "21:05", "here", "", "ended", true, "-")]
    [InlineData("live", "21:00", "here", "next 21:02", "-", false, "21:02")]                   // grace yields to the next event
    [InlineData("live", "21:02", "here", "next 21:02", "ended", true, "-")]
    [InlineData("live", "21:00", "here", "next 21:00", "ended", true, "-")]
    [InlineData("live", "21:30", "here", "continue", "-", false, "-")]                         // continues as long as its encoder
    [InlineData("live", "21:30", "gone", "continue", "-", false, "-")]
    [InlineData("live", "21:30", "none", "continue", "ended", false, "-")]
    [InlineData("live", "21:30", "here", "continue next 22:00", "-", false, "22:00")]
    [InlineData("live", "22:00", "here", "continue next 22:00", "ended", true, "-")]
    [InlineData("live", "23:00", "here", "", "ended", true, "-")]                              // its end was not observed
    [InlineData("ended", "20:30", "here", "", "-", false, "-")]
    [InlineData("cancelled", "20:30", "here", "", "-", false, "-")]
    public void Event_state_machine_decides_every_transition(string state, string at, string encoder, string special, string to,
        bool endsSession, string again)
    {
        var terms = new EventLifecyclePolicy(
            IsManual: special.Contains("manual"), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(5),
            Continues: special.Contains("continue"), special.Contains("no-show") ? TimeSpan.FromMinutes(10) : null);
        var next = special.IndexOf("next ", StringComparison.Ordinal) is var i and >= 0 ? At(special[(i + 5)..]) : (DateTimeOffset?)null;

        var decision = EventStateMachine.Decide(
            new(Enum.Parse<EventState>(state, ignoreCase: true), At("20:00"), At("21:00"), terms),
            new(At(at), encoder == "here", encoder != "none", special.Contains("taken"), next));

        decision.To.ShouldBe(to == "-" ? null : Enum.Parse<EventState>(to, ignoreCase: true));
        decision.EndsSession.ShouldBe(endsSession);
        decision.DecideAgainAt.ShouldBe(again == "-" ? null : At(again));
        (decision.Reason.Length > 0).ShouldBe(to != "-", "a step has a reason");
        decision.IsLate.ShouldBe(state == "preview" && to == "-" && encoder == "none" && At(at) >= At("20:00"));
    }

    private static DateTimeOffset At(string text) => Evening + TimeSpan.Parse(text);
}
