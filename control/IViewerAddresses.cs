namespace Broadcast.Control;

/// <summary>Where viewers go, without a path and without a slash at the end.</summary>
/// <param name="Pages">Where the watch and embed pages are.</param>
/// <param name="Media">Where playlists and media are.</param>
public sealed record ViewerAddresses(string Pages, string Media);

/// <summary>Where the API learns where viewers go. The host provides it; without it they go where the API was asked.</summary>
public interface IViewerAddresses
{
    /// <summary>The addresses.</summary>
    /// <param name="asked">Where the API was asked, such as <c>http://127.0.0.1:8080</c>: right where nothing is configured.</param>
    ViewerAddresses For(string asked);
}
