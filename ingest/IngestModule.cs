using Broadcast.Ingest.Health;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Proxies;
using Broadcast.Ingest.Rtmp.Transport;
using Broadcast.Media;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest;

/// <summary>Registration of the room.</summary>
public static class IngestModule
{
    /// <summary>
    /// Adds what <see cref="UseRtmp"/> needs, with options from the section <c>Ingest</c>, checked at start. The next stage
    /// (<see cref="Media.IPublicationSink"/>) and the authority (<see cref="Media.IPublishAuthority"/>) must be registered elsewhere.
    /// </summary>
    public static IServiceCollection AddIngest(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IngestOptions>()
            .Bind(configuration.GetSection(IngestOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<IngestOptions>, IngestOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Admission>();
        services.AddSingleton<RefusalLog>();
        services.AddSingleton<ProxyGate>();
        services.AddSingleton<SourceRegister>();
        services.AddSingleton<ISourceHealth>(provider => provider.GetRequiredService<SourceRegister>());
        services.AddSingleton<RtmpConnectionHandler>();
        services.AddSingleton<ShortageLog>();
        services.AddSingleton<IConnectionListenerFactory, PublisherTransport>();
        return services;
    }

    /// <summary>Takes PROXY headers from the load balancers in <see cref="IngestOptions.TrustedProxies"/>. To be called before all else on an endpoint, TLS included.</summary>
    public static ListenOptions UseProxyHeader(this ListenOptions options)
    {
        var gate = options.ApplicationServices.GetRequiredService<ProxyGate>();
        options.Use(next => connection => gate.RunAsync(connection, next));
        return options;
    }

    /// <summary>Speaks RTMP to publishers on this endpoint. With <c>UseHttps</c> before it, it is RTMPS. Listen on an <see cref="RtmpEndPoint"/> for least processor time.</summary>
    public static ListenOptions UseRtmp(this ListenOptions options)
    {
        options.UseConnectionHandler<RtmpConnectionHandler>();
        return options;
    }
}
