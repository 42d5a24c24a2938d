using System.Threading.Channels;
using Broadcast.Media.IngestToTranscoder;

namespace Broadcast.Media.TranscoderToPackager;

/// <summary>A rendition of a session.</summary>
/// <param name="Name">Name in URLs: <c>source</c>, <c>720p</c>, <c>audio</c>; 1 to 32 of <c>a-z 0-9 - _</c>, starting with a
/// letter or digit.</param>
/// <param name="Kind">Media type.</param>
/// <param name="IsLeading">Whether segment boundaries of all renditions follow this rendition's sync samples; true for exactly one in a
/// set.</param>
public sealed record Rendition(string Name, TrackKind Kind, bool IsLeading);

/// <summary>A sample and its rendition.</summary>
public readonly record struct RenditionSample(Rendition Rendition, MediaSample Sample);

/// <summary>
/// All renditions of one publication, as one queue in order of arrival. Bounded, with the drop policy of <see cref="Publication.Samples"/>.
/// </summary>
/// <param name="Session">The session.</param>
/// <param name="Renditions">Renditions known at the start; samples may introduce others later.</param>
/// <param name="Samples">Samples of all renditions.</param>
public sealed record RenditionSet(BroadcastSession Session, IReadOnlyList<Rendition> Renditions, ChannelReader<RenditionSample> Samples)
{
    /// <summary>Indicates whether the renditions belong to the slate, which replaces absent encoders.</summary>
    public bool IsSlate { get; init; }
}

/// <summary>Destination of a publication's renditions, from the transcoder to the packager.</summary>
public interface IRenditionSink
{
    /// <summary>Owns <paramref name="renditions"/> until the returned task completes, when all samples are on the timeline.</summary>
    Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken);
}
