//! A faulty declaration is still a type: its uses show no errors of their own.
use topkit::topk_kernel;

topk_kernel! {
    pub kernel Top { dtype: f31, tuning { vec_size: 3 }, colour: red }
}

struct Model {
    top: Top,
}

impl Model {
    fn new(engine: &topkit::Engine) -> Result<Model, topkit::Error> {
        Ok(Model { top: Top::new(engine)? })
    }

    fn plan(&self, problem: &topkit::Problem) -> Result<topkit::Plan, topkit::Error> {
        self.top.selector();
        self.top.plan(problem)
    }
}

fn main() {
    const SPEC: topkit::SelectorSpec = Top::SPEC;
    println!("{SPEC:?} {:?}", Top::variants());
    let _ = (Model::new, Model::plan);
}
