using System.Net;
using Broadcast.Media.Connections;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Connections;

public sealed class ConnectionLimiterTests
{
    private static readonly IPEndPoint Client = new(IPAddress.Parse("192.0.2.1"), 5000);
    private static readonly IPEndPoint Other = new(IPAddress.Parse("198.51.100.1"), 5000);

    [Fact]
    public void Address_cannot_protect_all_connections_from_those_of_others()
    {
        var limiter = new ConnectionLimiter(maxPerAddress: 4, max: 4, maxProtectedPerAddress: 2);
        var (slots, evicted) = Enter(limiter, 4);
        slots.ForEach(slot => slot.Protect());

        limiter.TryEnter(Other).ShouldNotBeNull();
        evicted.ShouldBe([2], "the first two are protected");
        limiter.TryEnter(Client).ShouldNotBeNull();
        evicted.ShouldBe([2, 3]);
        limiter.Count.ShouldBe(4);
    }

    [Fact]
    public void Progress_and_the_end_of_a_connection_permit_the_protection_of_another()
    {
        var limiter = new ConnectionLimiter(maxPerAddress: 3, max: 100, maxProtectedPerAddress: 1);
        var (slots, evicted) = Enter(limiter, 3);
        slots[0].Protect();
        slots[0].Protect();
        slots[0].ReportProgress();
        slots[1].Protect();
        limiter.TryEnter(Client)!.ShouldNotBeNull().Protect();
        evicted.ShouldBe([2], "the second is protected, and the first has made progress since");

        slots[1].Dispose();
        slots[1].Protect();
        slots[0].Protect();
        limiter.TryEnter(Client).ShouldNotBeNull();
        limiter.TryEnter(Client).ShouldNotBeNull();
        evicted.ShouldBe([2], "the protected connection stays");
    }

    [Fact]
    public void Without_a_limit_all_connections_can_be_protected()
    {
        var limiter = new ConnectionLimiter(maxPerAddress: 3, max: 100);
        var (slots, evicted) = Enter(limiter, 3);
        slots.ForEach(slot => slot.Protect());
        limiter.TryEnter(Client).ShouldBeNull();
        evicted.ShouldBeEmpty();
    }

    private static (List<ConnectionLimiter.ConnectionSlot> Slots, List<int> Evicted) Enter(ConnectionLimiter limiter, int count)
    {
        var (slots, evicted) = (new List<ConnectionLimiter.ConnectionSlot>(), new List<int>());
        for (var i = 0; i < count; i++)
        {
            var (number, slot) = (i, limiter.TryEnter(Client).ShouldNotBeNull());
            slot.OnEvicted(() => evicted.Add(number));
            slots.Add(slot);
        }

        return (slots, evicted);
    }
}
