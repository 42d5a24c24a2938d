using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Broadcast.Media;

namespace Broadcast.Transcoder.Slate;

/// <summary>A channel reader with pushback, for callers that must inspect samples first. Single reader.</summary>
/// <param name="inner">The underlying reader.</param>
internal sealed class PushbackReader(ChannelReader<MediaSample> inner) : ChannelReader<MediaSample>
{
    private readonly Queue<MediaSample> _pushedBack = new();

    /// <summary>Puts samples back to be read next, in order. Samples put back earlier must have been read.</summary>
    public void PushBack(IEnumerable<MediaSample> samples)
    {
        foreach (var sample in samples)
        {
            _pushedBack.Enqueue(sample);
        }
    }

    /// <inheritdoc/>
    public override bool TryRead([MaybeNullWhen(false)] out MediaSample item) => _pushedBack.TryDequeue(out item)
        || inner.TryRead(out item);

    /// <inheritdoc/>
    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        _pushedBack.Count > 0 ? ValueTask.FromResult(true) : inner.WaitToReadAsync(cancellationToken);
}
