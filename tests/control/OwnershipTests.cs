using Broadcast.Control.Servers;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class OwnershipTests
{
    private static readonly OwnershipRules Terms = new(Lease: TimeSpan.FromSeconds(20), Grace: TimeSpan.FromSeconds(60));

    /// <summary>
    /// Ownership of a session: state of its owner, seconds since its lease expired, seconds since the database became reachable, seconds of
    /// the reconnect window.
    /// </summary>
    [Theory]
    [InlineData("no owner", 0, 0, 30, "Unowned")]
    [InlineData("ours", -20, 0, 30, "OwnedHere")]
    [InlineData("ours", 5000, 5000, 30, "OwnedHere")]
    [InlineData("nobody knows", 0, 0, 30, "OwnedByLiveServer")]
    [InlineData("nobody knows", 0, 79, 30, "OwnedByLiveServer")]
    [InlineData("nobody knows", 0, 80, 30, "Abandoned")]
    [InlineData("other", -1, 5000, 30, "OwnedByLiveServer")]
    [InlineData("other", 1, 19, 30, "OwnedByLiveServer")]
    [InlineData("other", 5000, 19, 30, "OwnedByLiveServer")]
    [InlineData("other", 1, 20, 30, "LeaseExpired")]
    [InlineData("other", 59, 5000, 30, "LeaseExpired")]
    [InlineData("other", 60, 5000, 30, "Abandoned")]
    [InlineData("other", 5000, 79, 30, "LeaseExpired")]
    [InlineData("other", 5000, 80, 30, "Abandoned")]
    [InlineData("other", 60, 5000, 600, "LeaseExpired")]
    [InlineData("other", 600, 5000, 600, "Abandoned")]
    [InlineData("stopped", 0, 0, 30, "LeaseExpired")]
    [InlineData("stopped", 59, 0, 30, "LeaseExpired")]
    [InlineData("stopped", 60, 0, 30, "Abandoned")]
    [InlineData("stopped", 60, 0, 600, "LeaseExpired")]
    [InlineData("stopped", -1, 5000, 30, "OwnedByLiveServer")]
    public void Ownership_status_of_a_session_depends_on_owner_lease_and_contact(string owner, int overFor, int contact, int window,
        string standing) =>
        Terms.Evaluate(new(
            HasOwner: owner != "no owner",
            IsOwnedHere: owner == "ours",
            IsKnown: owner != "nobody knows",
            IsReleased: owner == "stopped",
            TimeSpan.FromSeconds(overFor),
            TimeSpan.FromSeconds(contact),
            TimeSpan.FromSeconds(window))).ToString().ShouldBe(standing);

    [Theory]
    [InlineData("OwnedHere", true, false, false)]
    [InlineData("Unowned", true, false, false)]
    [InlineData("OwnedByLiveServer", false, false, false)]
    [InlineData("LeaseExpired", true, false, true)]
    [InlineData("Abandoned", true, true, true)]
    public void Ownership_status_decides_takeover_and_end_of_a_session(string standing, bool isTakenAtStart, bool isEnded,
        bool isEndedWhenAskedFor)
    {
        var whose = Enum.Parse<OwnershipStatus>(standing);

        OwnershipRules.IsTakenOverAtStart(whose).ShouldBe(isTakenAtStart);
        OwnershipRules.CanBeEnded(whose, isEndRequested: false).ShouldBe(isEnded);
        OwnershipRules.CanBeEnded(whose, isEndRequested: true).ShouldBe(isEndedWhenAskedFor);
    }
}
