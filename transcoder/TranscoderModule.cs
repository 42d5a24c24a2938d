using Broadcast.Media;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Transcoder;

/// <summary>Registration of the room.</summary>
public static class TranscoderModule
{
    /// <summary>Adds the stage between ingest and packager: <see cref="IPublicationSink"/>, which needs an <see cref="IRenditionSink"/>.</summary>
    public static IServiceCollection AddTranscoder(this IServiceCollection services, IConfiguration configuration)
    {
        _ = configuration;
        services.AddSingleton<IPublicationSink, PassthroughTranscoder>();
        return services;
    }
}
