using Broadcast.Control;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Listening;

/// <summary>Where viewers go: the configured addresses, or where the API was asked.</summary>
internal sealed class ViewerAddressBook(IOptions<DeliveryOptions> delivery) : IViewerAddresses
{
    public ViewerAddresses For(string asked) => Of(delivery.Value, asked);

    /// <summary>The addresses that options and an address that is there say.</summary>
    public static ViewerAddresses Of(DeliveryOptions delivery, string there)
    {
        var pages = (delivery.PublicUrl is { Length: > 0 } configured ? configured : there).TrimEnd('/');
        return new(pages, delivery.MediaUrl is { Length: > 0 } media ? media.TrimEnd('/') : pages);
    }
}
