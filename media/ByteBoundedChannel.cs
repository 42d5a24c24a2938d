using System.Threading.Channels;

namespace Broadcast.Media;

/// <summary>
/// Queue between two stages, bounded in items and bytes. Writers never wait: a full queue rejects an item, and the writer decides what to
/// drop.
/// </summary>
/// <typeparam name="T">Type of the items.</typeparam>
public sealed class ByteBoundedChannel<T> : Channel<T>
{
    private readonly Func<T, long> _length;
    private readonly long _maxBytes;
    private long _bytes;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="options">Maximum number of items, and the threading of readers and writers.</param>
    /// <param name="maxBytes">Maximum bytes of unread items.</param>
    /// <param name="length">Returns the bytes of an item.</param>
    public ByteBoundedChannel(BoundedChannelOptions options, long maxBytes, Func<T, long> length)
    {
        (_maxBytes, _length) = (maxBytes, length);
        var items = Channel.CreateBounded<T>(options);
        (Reader, Writer) = (new CountingReader(this, items.Reader), new LimitingWriter(this, items.Writer));
    }

    /// <summary>Bytes of the unread items. Thread-safe.</summary>
    public long UnreadBytes => Interlocked.Read(ref _bytes);

    private sealed class CountingReader(ByteBoundedChannel<T> owner, ChannelReader<T> items) : ChannelReader<T>
    {
        public override Task Completion => items.Completion;

        public override bool CanCount => items.CanCount;

        public override bool CanPeek => items.CanPeek;

        public override int Count => items.Count;

        public override bool TryPeek(out T item) => items.TryPeek(out item!);

        public override bool TryRead(out T item)
        {
            if (!items.TryRead(out item!))
            {
                return false;
            }

            Interlocked.Add(ref owner._bytes, -owner._length(item));
            return true;
        }

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
            items.WaitToReadAsync(cancellationToken);
    }

    private sealed class LimitingWriter(ByteBoundedChannel<T> owner, ChannelWriter<T> items) : ChannelWriter<T>
    {
        public override bool TryWrite(T item)
        {
            // Count first: the reader may run inside TryWrite.
            var length = owner._length(item);
            if (Interlocked.Add(ref owner._bytes, length) <= owner._maxBytes && items.TryWrite(item))
            {
                return true;
            }

            Interlocked.Add(ref owner._bytes, -length);
            return false;
        }

        public override bool TryComplete(Exception? error = null) => items.TryComplete(error);

        /// <summary>Not supported: writers of this queue drop what it rejects.</summary>
        /// <exception cref="NotSupportedException">Always.</exception>
        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Writers of a byte-bounded queue do not wait; use TryWrite.");
    }
}
