using Broadcast.Control.Servers;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Expiry of this server's lease, by its own clock.</summary>
public sealed class ServerLeaseStateTests
{
    [Fact]
    public void Lease_expires_unless_it_is_renewed_in_time()
    {
        var time = new ManualTimeProvider();
        var lease = new ServerLeaseState(Options.Create(new ControlOptions { ServerLease = TimeSpan.FromSeconds(6) }), time);
        time.Advance(TimeSpan.FromMinutes(1));
        lease.HasExpired.ShouldBeFalse("it was never held");

        lease.Renewed(time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(5.9));
        lease.HasExpired.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(0.1));
        lease.HasExpired.ShouldBeTrue();

        lease.Renewed(time.GetTimestamp());
        (lease.HasExpired, lease.Age).ShouldBe((false, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(null, 30)]
    [InlineData("Host=shared", 6)]
    public async Task Lease_is_longer_with_the_private_database(string? connection, int seconds)
    {
        var time = new ManualTimeProvider();
        await using var database = new ServerDatabase(
            new DataFolder("/nonexistent"), () => new DatabaseOptions { ConnectionString = connection }, time, null, null);
        var lease = new ServerLeaseState(Options.Create(new ControlOptions { ServerLease = TimeSpan.FromSeconds(6) }), time, database);
        lease.Duration.ShouldBe(TimeSpan.FromSeconds(seconds));

        time.Advance(TimeSpan.FromMinutes(1));
        lease.Renewed(time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        lease.HasExpired.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(0.1));
        lease.HasExpired.ShouldBeTrue();
    }
}
