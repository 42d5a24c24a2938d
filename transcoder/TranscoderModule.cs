using Broadcast.Media;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Proof;
using Broadcast.Transcoder.Pictures;
using Broadcast.Transcoder.Slate;
using Broadcast.Transcoder.Switching;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder;

/// <summary>Registration of the room.</summary>
public static class TranscoderModule
{
    /// <summary>
    /// Adds the stages between ingest and packager: <see cref="IPublicationSink"/>, which needs an <see cref="IRenditionSink"/>, <see cref="IChannelInputs"/> and <see cref="IEncoderStandings"/>. Options from
    /// the sections <c>Switch</c>, <c>Slate</c> and <c>Encoding</c>, checked at start. And the maker of pictures, which listens as an <see cref="ITimelineSink"/>, reads from an <see cref="ISpool"/> and gives to an
    /// <see cref="IPictureSink"/>; options from <c>Pictures</c>.
    /// </summary>
    public static IServiceCollection AddTranscoder(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<SwitchOptions>()
            .Bind(configuration.GetSection(SwitchOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<SwitchOptions>, SwitchOptionsValidator>();
        services.AddOptions<EncodingOptions>()
            .Bind(configuration.GetSection(EncodingOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<EncodingOptions>, EncodingOptionsValidator>();
        services.AddOptions<PictureOptions>()
            .Bind(configuration.GetSection(PictureOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<PictureOptions>, PictureOptionsValidator>();
        services.AddSingleton<PictureDesk>();
        services.AddSingleton<ITimelineSink>(p => p.GetRequiredService<PictureDesk>());
        services.AddHostedService<PictureWorkshop>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<EncoderChoice>();
        services.AddSingleton<IEncoderStandings>(p => p.GetRequiredService<EncoderChoice>());
        services.AddHostedService(p => p.GetRequiredService<EncoderChoice>());
        services.AddSingleton<RunningEncoders>();
        services.AddSingleton<IChannelEncodings>(p => p.GetRequiredService<RunningEncoders>());
        services.AddSingleton<LadderTranscoder>();
        services.AddOptions<SlateOptions>()
            .Bind(configuration.GetSection(SlateOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<SlateOptions>, SlateOptionsValidator>();
        services.AddSingleton<ISlateProof, SlateProof>();
        services.AddSingleton(p => new Slates(
            p.GetRequiredService<IOptions<SlateOptions>>(), p.GetRequiredService<IOptions<EncodingOptions>>(), p.GetService<IChannelSlates>(), p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<Slates>>()));
        services.AddSingleton(p => new StillPictures(p.GetRequiredService<LadderTranscoder>(), p.GetRequiredService<Slates>(), p.GetRequiredService<ILogger<StillPictures>>()));
        services.AddSingleton(p => new InputSwitch(
            p.GetRequiredService<StillPictures>(), p.GetRequiredService<IOptions<SwitchOptions>>(), p.GetRequiredService<Slates>(), p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<InputSwitch>>()));
        services.AddHostedService(p => p.GetRequiredService<InputSwitch>());
        services.AddSingleton<IPublicationSink>(p => p.GetRequiredService<InputSwitch>());
        services.AddSingleton<IChannelInputs>(p => p.GetRequiredService<InputSwitch>());
        return services;
    }

    /// <summary>Proves slates where no server runs.</summary>
    /// <param name="options">Which ffmpeg.</param>
    /// <param name="time">The clock.</param>
    public static ISlateProof SlateProof(EncodingOptions options, TimeProvider time) => new SlateProof(Options.Create(options), time);

    /// <summary>Encoders of this machine, where no server runs: proved when asked to.</summary>
    /// <param name="options">Which ffmpeg.</param>
    /// <param name="time">The clock.</param>
    public static IEncoderStandings Encoders(EncodingOptions options, TimeProvider time) => new EncoderChoice(Options.Create(options), time, NullLogger<EncoderChoice>.Instance);
}
