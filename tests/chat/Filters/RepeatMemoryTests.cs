using Broadcast.Chat.Filters;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests.Filters;

public sealed class RepeatMemoryTests
{
    private static readonly RepeatRules Rules = new() { Action = FilterAction.Reject, SenderSeconds = 30, AnyoneSeconds = 10 };
    private readonly ManualTimeProvider _time = new();
    private readonly ChannelName _channel = ChannelName.Parse("main");
    private readonly Ulid _ada;
    private readonly Ulid _bob;

    public RepeatMemoryTests() => (_ada, _bob) = (Ulid.New(_time.GetUtcNow()), Ulid.New(_time.GetUtcNow()));

    [Fact]
    public void Same_message_of_a_sender_is_a_repetition_until_its_time_is_over()
    {
        var memory = new RepeatMemory(_time);
        memory.Add(_channel, _ada, "first!", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "F I R S T", Rules).ShouldBe(RepeatKind.BySender);
        memory.Add(_channel, _ada, "second", Rules).ShouldBe(RepeatKind.None);
        memory.Add(ChannelName.Parse("other"), _ada, "first!", Rules).ShouldBe(RepeatKind.None);
        _time.Advance(TimeSpan.FromSeconds(29));
        memory.Add(_channel, _ada, "first!", Rules).ShouldBe(RepeatKind.BySender);
        _time.Advance(TimeSpan.FromSeconds(1));
        memory.Add(_channel, _ada, "first!", Rules).ShouldBe(RepeatKind.None, "repetitions do not extend the time");
    }

    [Fact]
    public void Only_long_messages_of_others_are_repetitions()
    {
        var memory = new RepeatMemory(_time);
        memory.Add(_channel, _ada, "hello", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _bob, "hello", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "join my channel now", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _bob, "Join my ch\u0430nnel, nooow!", Rules).ShouldBe(RepeatKind.ByOthers);
        _time.Advance(TimeSpan.FromSeconds(10));
        memory.Add(_channel, _bob, "join my channel now", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "join my channel now", Rules).ShouldBe(RepeatKind.BySender, "30 s are not over");
    }

    [Fact]
    public void Messages_without_letters_are_compared_as_they_are()
    {
        var memory = new RepeatMemory(_time);
        memory.Add(_channel, _ada, "\U0001F600", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "\U0001F601", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "\U0001F600", Rules).ShouldBe(RepeatKind.BySender);
        memory.Add(_channel, _ada, "...", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "???", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "100", Rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "10", Rules).ShouldBe(RepeatKind.None);
    }

    [Fact]
    public void Removed_message_can_be_sent_again()
    {
        var memory = new RepeatMemory(_time);
        memory.Add(_channel, _ada, "a rather long message", Rules);
        memory.Remove(_channel, _ada, "a rather long message");
        memory.Count.ShouldBe(0);
        memory.Add(_channel, _bob, "a rather long message", Rules).ShouldBe(RepeatKind.None);
        memory.Remove(_channel, _ada, "a rather long message");
        memory.Add(_channel, _ada, "a rather long message", Rules).ShouldBe(RepeatKind.ByOthers, "it is now that of another sender");
    }

    [Fact]
    public void Rules_that_are_off_keep_nothing()
    {
        var memory = new RepeatMemory(_time);
        memory.Add(_channel, _ada, "hello", Rules with { Action = FilterAction.Allow });
        memory.Add(_channel, _ada, "hello", Rules with { SenderSeconds = 0, AnyoneSeconds = 0 });
        memory.Count.ShouldBe(0);
    }

    [Fact]
    public void Oldest_messages_are_forgotten_first_and_renewed_ones_are_not_old()
    {
        var memory = new RepeatMemory(_time, capacity: 3);
        var rules = Rules with { AnyoneSeconds = 0, SenderSeconds = 5 };
        memory.Add(_channel, _ada, "renewed", rules);
        memory.Add(_channel, _ada, "old", rules);
        _time.Advance(TimeSpan.FromSeconds(5));
        memory.Add(_channel, _ada, "renewed", rules).ShouldBe(RepeatKind.None);
        memory.Add(_channel, _ada, "new", rules);
        memory.Add(_channel, _ada, "renewed", rules).ShouldBe(RepeatKind.BySender, "its first place was given up, not its second");
        memory.Add(_channel, _ada, "newer", rules);
        memory.Add(_channel, _ada, "newest", rules);
        memory.Add(_channel, _ada, "renewed", rules).ShouldBe(RepeatKind.None, "it was the oldest");
    }

    [Fact]
    public async Task Memory_is_bounded_and_thread_safe()
    {
        var memory = new RepeatMemory(_time, capacity: 100);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(task => Task.Run(() =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                memory.Add(_channel, task % 2 == 0 ? _ada : _bob, $"message number {i} of {task}", Rules);
                memory.Count.ShouldBeLessThanOrEqualTo(100);
            }
        })));
        _time.Advance(TimeSpan.FromSeconds(RepeatRules.MaxSeconds));
        memory.Add(_channel, _ada, "one", Rules);
        memory.Count.ShouldBe(1);
    }

    [Fact]
    public void Of_equal_messages_at_once_one_is_new()
    {
        var memory = new RepeatMemory(_time);
        var kinds = new RepeatKind[64];
        Parallel.For(0, kinds.Length, i => kinds[i] = memory.Add(_channel, _ada, "the same", Rules));
        kinds.Count(kind => kind == RepeatKind.None).ShouldBe(1);
    }
}
