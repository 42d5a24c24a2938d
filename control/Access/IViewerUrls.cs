namespace Broadcast.Control.Access;

/// <summary>Base URLs for viewers, without path and trailing slash.</summary>
/// <param name="Pages">Base URL of the watch and embed pages.</param>
/// <param name="Media">Base URL of playlists and media.</param>
public sealed record ViewerUrls(string Pages, string Media);

/// <summary>Provider of viewer URLs. The host implements it; without it viewers use the base URL of the API request.</summary>
public interface IViewerUrls
{
    /// <summary>Gets the URLs.</summary>
    /// <param name="requestUrl">Base URL of the API request, such as <c>http://127.0.0.1:8080</c>; used where nothing is
    /// configured.</param>
    ViewerUrls For(string requestUrl);
}
