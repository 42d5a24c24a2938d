using Broadcast.Chat.Messages;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

public sealed class MessageSamplerTests
{
    private static readonly Ulid[] Senders = [.. Enumerable.Range(0, 40).Select(i => Ulid.New(DateTimeOffset.UnixEpoch.AddDays(i)))];

    [Fact]
    public void Few_messages_are_all_shown_in_order()
    {
        (Ulid Sender, int Number)[] arrived = [.. Enumerable.Range(0, 20).Select(i => (Senders[0], i))];
        var (ordered, shown) = MessageSampler.Choose(arrived, message => message.Sender, 20, new Random(1));
        ordered.ShouldBe(arrived);
        shown.ShouldBe(20);
    }

    [Fact]
    public void Sender_of_many_messages_does_not_displace_others()
    {
        List<(Ulid Sender, int Number)> arrived = [.. Enumerable.Range(0, 500).Select(i => (Senders[0], i))];
        arrived.AddRange(Enumerable.Range(1, 10).Select(i => (Senders[i], 1000 + i)));
        var (ordered, shown) = MessageSampler.Choose(arrived, message => message.Sender, 20, new Random(1));

        shown.ShouldBe(20);
        ordered.Count.ShouldBe(510);
        ordered.OrderBy(message => message.Number).ShouldBe(arrived);
        var visible = ordered.Take(20).ToList();
        visible.Count(message => message.Sender == Senders[0]).ShouldBe(10);
        visible.Select(message => message.Number).ShouldBe(visible.Select(message => message.Number).Order(), "in the order of arrival");
    }

    [Fact]
    public void Every_sender_has_the_same_chance()
    {
        var random = new Random(1);
        var counts = new int[40];
        for (var round = 0; round < 2000; round++)
        {
            (Ulid Sender, int Number)[] arrived = [.. Senders.Select((sender, i) => (sender, i))];
            foreach (var (_, number) in MessageSampler.Choose(arrived, message => message.Sender, 10, random).Ordered.Take(10))
            {
                counts[number]++;
            }
        }

        counts.ShouldAllBe(count => count > 400 && count < 600);
    }
}
