using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Broadcast.Media;

namespace Broadcast.Transcoder.Slate;

/// <summary>A reader to which samples can be given back, for who had to look at them first. For one reader.</summary>
/// <param name="rest">What follows.</param>
internal sealed class ResumedReader(ChannelReader<MediaSample> rest) : ChannelReader<MediaSample>
{
    private readonly Queue<MediaSample> _head = new();

    /// <summary>Samples that are read next, in order. All that was given back before must have been read.</summary>
    public void PutBack(IEnumerable<MediaSample> samples)
    {
        foreach (var sample in samples)
        {
            _head.Enqueue(sample);
        }
    }

    /// <inheritdoc/>
    public override bool TryRead([MaybeNullWhen(false)] out MediaSample item) => _head.TryDequeue(out item) || rest.TryRead(out item);

    /// <inheritdoc/>
    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        _head.Count > 0 ? ValueTask.FromResult(true) : rest.WaitToReadAsync(cancellationToken);
}
