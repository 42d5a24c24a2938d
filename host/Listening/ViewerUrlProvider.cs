using Broadcast.Control.Access;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Listening;

/// <summary>Base URLs for viewers: the configured ones, or the requested one.</summary>
internal sealed class ViewerUrlProvider(IOptions<DeliveryOptions> delivery) : IViewerUrls
{
    public ViewerUrls For(string requestUrl) => Of(delivery.Value, requestUrl);

    /// <summary>Determines the base URLs from options and the URL of the request.</summary>
    public static ViewerUrls Of(DeliveryOptions delivery, string requestUrl)
    {
        var pages = (delivery.PublicUrl is { Length: > 0 } configured ? configured : requestUrl).TrimEnd('/');
        return new(pages, delivery.MediaUrl is { Length: > 0 } media ? media.TrimEnd('/') : pages);
    }
}
