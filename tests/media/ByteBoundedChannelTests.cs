using System.Threading.Channels;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests;

public class ByteBoundedChannelTests
{
    private readonly ByteBoundedChannel<int> _queue = new(
        new BoundedChannelOptions(4) { SingleReader = true }, maxBytes: 100, size => size);

    [Fact]
    public void Item_beyond_the_bytes_is_rejected_until_others_are_read()
    {
        _queue.Writer.TryWrite(60).ShouldBeTrue();
        _queue.Writer.TryWrite(41).ShouldBeFalse();
        _queue.Writer.TryWrite(40).ShouldBeTrue();
        _queue.UnreadBytes.ShouldBe(100);

        _queue.Reader.TryRead(out var first).ShouldBeTrue();
        first.ShouldBe(60);
        _queue.Writer.TryWrite(41).ShouldBeTrue();
        _queue.UnreadBytes.ShouldBe(81);
    }

    [Fact]
    public void Item_beyond_the_number_of_items_is_rejected_and_not_counted()
    {
        for (var i = 0; i < 4; i++)
        {
            _queue.Writer.TryWrite(1).ShouldBeTrue();
        }

        _queue.Writer.TryWrite(1).ShouldBeFalse();
        _queue.UnreadBytes.ShouldBe(4);
        _queue.Reader.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Bytes_are_exact_with_several_writers_and_a_reader()
    {
        var written = 0L;
        var writers = Enumerable.Range(1, 4).Select(size => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                Interlocked.Add(ref written, _queue.Writer.TryWrite(size * 10) ? size * 10 : 0);
            }
        })).ToArray();
        var all = Task.WhenAll(writers).ContinueWith(_ => _queue.Writer.TryComplete(), TaskScheduler.Default);
        var read = 0L;
        await foreach (var item in _queue.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            read += item;
            _queue.UnreadBytes.ShouldBeLessThanOrEqualTo(100 + (4 * 40), "rejected items are counted for a moment");
        }

        await all;
        read.ShouldBe(written);
        _queue.UnreadBytes.ShouldBe(0);
        await _queue.Reader.Completion;
    }

    [Fact]
    public void Writers_cannot_wait() => Should.Throw<NotSupportedException>(() => _queue.Writer.WaitToWriteAsync().AsTask());
}
