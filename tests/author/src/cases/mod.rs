//! The steps of the way, in their order: each leaves what the next ones go on with.

mod context;
mod image;
mod kanban;
mod new;
mod rebuild;
mod several;

use crate::faas_cli::FaasCli;
use crate::walk::Case;

/// `case!(name_of_the_function)`.
macro_rules! case {
    ($module:ident::$steps:ident) => {
        Case::new(stringify!($steps), |walk| Box::pin($module::$steps(walk)))
    };
}

/// All of them; what compares with the real faas-cli only where that is there.
pub fn all(cli: &FaasCli) -> Vec<Case> {
    let mut cases = vec![
        case!(new::the_template_is_pulled_from_a_git_repository),
        case!(new::a_new_function_is_the_starter_and_the_welcome_names_the_next_three_commands),
        case!(new::cargo_test_passes_in_its_folder),
        case!(new::cargo_run_serves_as_in_production_and_stops_on_sigterm),
        case!(image::an_image_is_built),
        case!(image::the_image_holds_the_program_root_certificates_and_tmp_and_nothing_else),
        case!(image::it_runs_without_a_right_is_called_through_the_gateway_and_stops_on_sigterm),
        case!(rebuild::a_change_of_the_handler_compiles_the_handler_alone_and_needs_no_network),
        case!(rebuild::a_compile_error_shows_the_authors_own_file_and_line),
        case!(rebuild::a_lock_file_that_does_not_fit_is_told_with_its_remedy),
        case!(rebuild::a_processor_that_nobody_can_build_for_is_refused),
        case!(context::a_large_folder_of_cargo_adds_nothing_to_the_context),
        case!(several::a_second_function_of_the_stack_file_adds_a_dependency_a_name_and_a_private_crate),
        case!(several::a_third_one_compiles_with_a_debian_package_and_without_the_starters_main),
        case!(kanban::the_kanban_processor_of_our_stack_file_starts_a_deployment_behind_the_connector),
    ];
    if let FaasCli::Real(_) = cli {
        cases.push(case!(context::the_rules_lay_out_what_faas_cli_lays_out));
    }
    cases
}
